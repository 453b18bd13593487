#pragma once
// Heartbeats of workers as text for people and as JSON for scripts. What stands
// in Redis may be anybody's. Pure.
#include "app/ctl/record_text.hpp"

namespace render::ctl {

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

/// "2 ready, 1 booting", or "-".
std::string gpus_text(const record& x);

std::string workers_table(const std::vector<worker_view>& xs);
std::string worker_json(const worker_view& x);

} // namespace render::ctl
