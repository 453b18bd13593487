#pragma once
// Words that parameters of several routes take. Pure.
#include <algorithm>
#include <array>
#include <string_view>

namespace render::web {

inline constexpr std::array<std::string_view, 6> statuses{
  "queued", "running", "success", "failed", "cancelled", "timed_out"};

inline constexpr std::string_view statuses_rule
  = "queued, running, success, failed, cancelled or timed_out";

inline constexpr std::string_view kinds_rule
  = "csm, whisper, portrait or analyze";

/// How long a job may wait and run if nothing is said, seconds.
inline constexpr double complete_in_default = 3600;

inline bool is_status(std::string_view x) {
  return std::find(statuses.begin(), statuses.end(), x) != statuses.end();
}

} // namespace render::web
