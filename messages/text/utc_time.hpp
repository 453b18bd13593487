#pragma once
// Dates for people and for protocols.
#include <algorithm>
#include <array>
#include <ctime>
#include <string>

namespace render {

/// A Unix time by a format of strftime, in UTC. Times before 1970, and after
/// the last year that strftime can print, are told as the nearest that it can.
inline std::string utc_time(double unix_s, const char* format) {
  auto whole = static_cast<std::time_t>(std::clamp(unix_s, 0.0, 2e11));
  std::tm parts{};
  gmtime_r(&whole, &parts);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), format, &parts);
  return text.data();
}

} // namespace render
