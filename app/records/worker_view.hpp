#pragma once
// What a worker says of itself in its heartbeats. What stands in Redis may be
// anybody's. Pure.
#include "app/records/record.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace render::records {

struct worker_view {
  std::string id;
  /// Empty: it is counted, but has no heartbeat.
  record fields;
  /// Redis' clock, Unix seconds.
  double now_s = 0;
};

/// "works", "starts", "draining", "unfit: disk", or "silent": a version without
/// heartbeats, or a worker that has ended within the last 90 s.
std::string worker_state(const worker_view& x);

/// Of a GPU, as heartbeats count them: `gpus_ready` …
inline constexpr std::array<const char*, 5> gpu_phases{
  "ready", "booting", "launching", "draining", "stopping"};

/// Of a field; 0 or above.
int64_t count_field(const record& x, const std::string& name);

struct balance_view {
  /// In the provider's own unit.
  double amount = 0;
  double age_s = 0;
};

/// Of the account, as the worker that asked last has heard it; nothing: no
/// provider tells it.
std::optional<balance_view> latest_balance(const std::vector<worker_view>& xs);

/// "12.5"
std::string balance_text(double x);

/// Why no (other) GPU of a type is launched, as one of the workers says.
struct held_launch {
  std::string type;
  std::string reason;
  std::string text;
  uint64_t jobs = 0;
};

/// Of types with jobs that wait.
std::vector<held_launch> launches_of(const worker_view& x);

} // namespace render::records
