#pragma once
// A queue of functions in virtual time, for the worlds outside the actors.
// Functions of equal times run in the order in which they were added.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace render::harness {

/// Time since the beginning of the run.
using virtual_duration = std::chrono::nanoseconds;

/// Before any event; differences to it do not overflow.
inline constexpr virtual_duration long_ago = virtual_duration::min() / 2;

class timeline {
public:
  virtual_duration now() const noexcept {
    return now_;
  }

  void at(virtual_duration when, std::function<void()> what) {
    if (free_.empty()) {
      free_.push_back(whats_.size());
      whats_.emplace_back();
    }
    auto place = free_.back();
    free_.pop_back();
    whats_[place] = std::move(what);
    heap_.push_back({std::max(when, now_), ++last_, place});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }

  void after(virtual_duration delay, std::function<void()> what) {
    at(now_ + delay, std::move(what));
  }

  std::optional<virtual_duration> next() const {
    if (heap_.empty())
      return std::nullopt;
    return heap_.front().when;
  }

  /// Moves to `when`. No event at or before that time may be left.
  void move_to(virtual_duration when) {
    now_ = std::max(now_, when);
  }

  /// Runs the first event that is due now; false when none is.
  bool run_one() {
    if (heap_.empty() || heap_.front().when > now_)
      return false;
    std::pop_heap(heap_.begin(), heap_.end(), later);
    auto place = heap_.back().place;
    heap_.pop_back();
    auto what = std::exchange(whats_[place], nullptr);
    free_.push_back(place);
    what();
    return true;
  }

  size_t size() const noexcept {
    return heap_.size();
  }

private:
  /// Small, since there are thousands of entries, and each event moves a dozen
  /// of them.
  struct entry {
    virtual_duration when{0};
    uint64_t number = 0;
    size_t place = 0;
  };

  static bool later(const entry& a, const entry& b) {
    return a.when != b.when ? a.when > b.when : a.number > b.number;
  }

  std::vector<entry> heap_;
  std::vector<std::function<void()>> whats_;
  /// Places in `whats_`.
  std::vector<size_t> free_;
  virtual_duration now_{0};
  uint64_t last_ = 0;
};

} // namespace render::harness
