#include "actors/renderer/gradio/sse.hpp"

#include <algorithm>
#include <utility>

namespace render::gradio {

void event_parser::add(std::string_view bytes, const on_data& f) {
  while (!bytes.empty() && !overflowed_) {
    // A CR and the LF of the same line end may come in two pieces.
    if (std::exchange(after_cr_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    auto end = bytes.find_first_of("\r\n");
    line_ += bytes.substr(0, end);
    if (line_.size() + data_.size() > event_bytes_max_) {
      overflowed_ = true;
      line_ = {};
      data_ = {};
      return;
    }
    if (end == std::string_view::npos)
      return;
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    take_line(f);
    line_.clear();
  }
}

void event_parser::take_line(const on_data& f) {
  static constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  std::string_view line = line_;
  if (std::exchange(at_start_, false) && line.starts_with(byte_order_mark))
    line.remove_prefix(byte_order_mark.size());
  if (line.empty()) {
    if (std::exchange(has_data_, false)) {
      auto data = std::exchange(data_, {});
      f(data);
    }
    return;
  }
  auto colon = std::min(line.find(':'), line.size());
  if (line.substr(0, colon) != "data")
    return;
  auto value = line.substr(std::min(colon + 1, line.size()));
  if (value.starts_with(' '))
    value.remove_prefix(1);
  if (std::exchange(has_data_, true))
    data_ += '\n';
  data_ += value;
}

} // namespace render::gradio
