#pragma once
// What the log says of a job on its way from its claim to its end. Pure.
#include "actors/say.hpp"
#include "messages/job.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace render::supervisor {

/// What is said of a job once its end is written.
struct ended_job {
  bool success = false;
  std::string type;
  std::string error_code;
  uint32_t attempt = 0;
  /// Unix seconds; 0: not known.
  double created_s = 0;
  double complete_by_s = 0;
};

event about_job(std::string_view name, const job& x);

say claimed_line(const job& x, double unix_s);

say placed_line(const job& x, uint64_t gpu);

/// Without words: its renderer has the line.
say rendered_event(const job& x, uint64_t gpu, double seconds);

/// `unix_s`: 0 when nobody asks how long it took.
say ended_line(const job_id& id, const ended_job& x, double unix_s);

} // namespace render::supervisor
