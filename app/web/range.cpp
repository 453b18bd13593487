#include "app/web/range.hpp"

#include <algorithm>
#include <charconv>

namespace render::web {

namespace {

std::optional<uint64_t> number(std::string_view x) {
  uint64_t out = 0;
  auto [at, error] = std::from_chars(x.data(), x.data() + x.size(), out);
  if (x.empty() || error != std::errc{} || at != x.data() + x.size())
    return std::nullopt;
  return out;
}

} // namespace

range_wish parse_range(std::string_view header, uint64_t size) {
  constexpr std::string_view unit = "bytes=";
  if (!header.starts_with(unit))
    return {};
  header.remove_prefix(unit.size());
  auto dash = header.find('-');
  if (dash == std::string_view::npos)
    return {};
  auto first = header.substr(0, dash);
  auto last = header.substr(dash + 1);
  auto end = number(last);
  if (first.empty()) {
    if (!end)
      return {};
    auto bytes = std::min(*end, size);
    if (bytes == 0)
      return {std::nullopt, true};
    return {byte_range{size - bytes, bytes}, false};
  }
  auto begin = number(first);
  if (!begin || (!last.empty() && (!end || *end < *begin)))
    return {};
  if (*begin >= size)
    return {std::nullopt, true};
  auto until = end ? std::min(*end, size - 1) : size - 1;
  return {byte_range{*begin, until - *begin + 1}, false};
}

} // namespace render::web
