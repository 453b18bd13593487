#include "messages/retry_after.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

namespace render {

std::chrono::milliseconds retry_after(const http_response& x, double unix_s) {
  auto at = x.headers.find("retry-after");
  if (at == x.headers.end() || (x.status != 429 && x.status != 503))
    return std::chrono::milliseconds{0};
  auto& text = at->second;
  uint32_t seconds = 0;
  auto end = text.data() + text.size();
  if (auto got = std::from_chars(text.data(), end, seconds);
      got.ec == std::errc{} && got.ptr == end)
    return std::chrono::milliseconds{static_cast<int64_t>(seconds) * 1000};
  std::tm date{};
  if (!strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date))
    return std::chrono::milliseconds{0};
  auto wait_s = static_cast<double>(timegm(&date)) - unix_s;
  return std::chrono::milliseconds{
    static_cast<int64_t>(std::max(0.0, wait_s) * 1000)};
}

} // namespace render
