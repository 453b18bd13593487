#pragma once
// Server-sent events: bytes in, the data of each event out.
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace render::gradio {

class event_parser {
public:
  using on_data = std::function<void(std::string_view data)>;

  /// `event_bytes_max` limits the size of an unfinished event.
  explicit event_parser(size_t event_bytes_max = 16u << 20)
    : event_bytes_max_(event_bytes_max) {
    // nop
  }

  /// Takes a piece of the stream, cut at any byte. Calls `f` for each event
  /// that became complete and has data. Reads nothing more after an overflow.
  void add(std::string_view bytes, const on_data& f);

  bool overflowed() const noexcept {
    return overflowed_;
  }

private:
  void take_line(const on_data& f);

  size_t event_bytes_max_;
  std::string line_;
  std::string data_;
  bool has_data_ = false;
  bool after_cr_ = false;
  bool at_start_ = true;
  bool overflowed_ = false;
};

} // namespace render::gradio
