#pragma once
// Which waiting jobs' inputs are looked at, and what the looks mean. Pure: no
// actors, no I/O, no clock.
#include "messages/job.hpp"
#include "messages/queue.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace render::input_look {

struct choice {
  /// Oldest first.
  std::vector<job> jobs;
  /// Jobs that may be good, and that this look does not tell of: another one is
  /// at them, their data was too long to come along, or they stand behind all
  /// that was shown.
  uint32_t unseen = 0;
};

/// Of the jobs of these types that have inputs and could run, the first `most`.
/// `limit` is that of the peek; `now_s` is Unix time in seconds. `open`: ids of
/// the jobs that are being looked at.
choice choose(const msg::queue_snapshot& seen,
              const std::vector<std::string>& types,
              const std::set<std::string>& open, size_t most, size_t limit,
              double now_s);

/// The job would end like this on any GPU.
bool is_refused(const job_outcome& x);

/// Is the job that was claimed still the one that was looked at?
bool is_same(const job& claimed, const job& looked_at);

} // namespace render::input_look
