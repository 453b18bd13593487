#pragma once
// Virtual time as seconds, for rules and texts.
#include "app/harness/timeline.hpp"

#include <cstdio>
#include <string>

namespace render::harness {

inline double in_seconds(virtual_duration x) {
  return static_cast<double>(x.count()) / 1e9;
}

inline virtual_duration from_seconds(double x) {
  return virtual_duration{static_cast<int64_t>(x * 1e9)};
}

inline std::string seconds_text(double x) {
  char buffer[32];
  std::snprintf(buffer, sizeof(buffer), "%.3f s", x);
  return buffer;
}

} // namespace render::harness
