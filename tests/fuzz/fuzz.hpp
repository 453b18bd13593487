#pragma once
// What the fuzz targets share. A target is libFuzzer's LLVMFuzzerTestOneInput:
// a parser of outside data, and properties that hold for any input.
#include "messages/failure.hpp"
#include "messages/http.hpp"
#include "messages/text/printable.hpp"
#include "messages/text/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace render::fuzz {

inline std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Ends the process with a finding: `what` does not hold.
inline void must(bool holds, const char* what) {
  if (holds)
    return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

/// Takes the first line off, so that seeds can be written by hand.
inline std::string take_line(std::string_view& text) {
  auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return std::string{line};
}

/// A number of a line, or 0.
inline int64_t take_number(std::string_view& text) {
  auto line = take_line(text);
  int64_t out = 0;
  std::from_chars(line.data(), line.data() + line.size(), out);
  return out;
}

/// One line of valid UTF-8 without anything that moves a cursor.
inline bool is_printable(std::string_view text) {
  if (valid_utf8(text) != text)
    return false;
  while (!text.empty())
    if (is_unprintable(take_utf8(text)))
      return false;
  return true;
}

/// What reaches a log or a customer.
inline void must_be_fit_to_show(const failure& x, size_t bytes_max = 1'000) {
  must(!x.message.empty(), "a failure says something");
  must(x.message.size() <= bytes_max, "a failure is short");
  must(is_printable(x.message), "a failure is printable");
}

/// "200 application/json", then the body.
inline result<http_response> answer_of(std::string_view input) {
  auto head = take_line(input);
  http_response out;
  auto [end, error] = std::from_chars(head.data(), head.data() + head.size(),
                                      out.status);
  if (error != std::errc{})
    return fail(failure_kind::unavailable, "no connection");
  std::string_view type{end, head.data() + head.size()};
  type.remove_prefix(std::min(type.find_first_not_of(' '), type.size()));
  if (!type.empty())
    out.headers["content-type"] = type;
  out.body = input;
  out.body_bytes = input.size();
  return out;
}

/// Calls `add` with pieces of the text, of 1 to 7 bytes.
template <class Add>
void in_pieces(std::string_view text, Add add) {
  for (size_t size = 1; !text.empty(); size = size % 7 + 1) {
    auto piece = text.substr(0, size);
    text.remove_prefix(piece.size());
    add(piece);
  }
}

} // namespace render::fuzz
