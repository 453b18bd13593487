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
  /// Jobs that may be good but are not looked at: another look has them, their
  /// data was too long for the snapshot, or they stand behind the snapshot's
  /// last job.
  uint32_t unseen = 0;
};

/// The first `most` jobs of these types that have inputs and could run. `limit`
/// is the peek's limit; `now_s` is Unix time in seconds. `open`: ids of the
/// jobs that are being looked at.
choice
choose(const msg::queue_snapshot& seen, const std::vector<std::string>& types,
       const std::set<job_id>& open, size_t most, size_t limit, double now_s);

/// The job would end like this on any GPU.
bool is_refused(const job_outcome& x);

/// Is the claimed job still as it was when it was looked at?
bool is_same(const job& claimed, const job& looked_at);

} // namespace render::input_look
