#pragma once
// Events with their times in virtual milliseconds: the fakes write them, tests
// read them. A test compares the times of one kind of event with one line of
// text.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace render::harness {

class event_log {
public:
  struct event {
    int64_t at_ms = 0;
    std::string what;
  };

  explicit event_log(std::function<int64_t()> now_ms)
    : now_ms_(std::move(now_ms)) {
    // nop
  }

  void add(std::string what) {
    events_.push_back({now_ms_(), std::move(what)});
  }

  /// Times of the events whose text begins with `prefix`: "0 5000 20000".
  std::string times(std::string_view prefix) const {
    std::string out;
    for (auto& x : events_)
      if (matches(x, prefix))
        out += (out.empty() ? "" : " ") + std::to_string(x.at_ms);
    return out;
  }

  size_t count(std::string_view prefix) const {
    size_t out = 0;
    for (auto& x : events_)
      out += matches(x, prefix) ? 1 : 0;
    return out;
  }

  /// Time of the first event whose text begins with `prefix`; -1: none.
  int64_t first(std::string_view prefix) const {
    for (auto& x : events_)
      if (matches(x, prefix))
        return x.at_ms;
    return -1;
  }

  /// All events, one a line, for the message of a failed check.
  std::string text() const {
    std::string out = "\n";
    for (auto& x : events_)
      out += std::to_string(x.at_ms) + " " + x.what + "\n";
    return out;
  }

  const std::vector<event>& events() const noexcept {
    return events_;
  }

  void clear() {
    events_.clear();
  }

private:
  static bool matches(const event& x, std::string_view prefix) {
    return std::string_view{x.what}.substr(0, prefix.size()) == prefix;
  }

  std::function<int64_t()> now_ms_;
  std::vector<event> events_;
};

/// Shared by a test and its fakes, which may outlive each other.
using event_log_ptr = std::shared_ptr<event_log>;

} // namespace render::harness
