#pragma once
// What became of a job, and when. Pure.
#include "app/records/record.hpp"

#include <set>
#include <string>
#include <vector>

namespace render::records {

/// An entry of `c3:events`.
struct told_event {
  double at_s = 0;
  /// "job_claimed" …
  std::string what;
  record fields;
};

/// The GPUs of its attempts, as the launch ledger names them.
std::set<std::string> gpus_of(const record& job);

/// Whether it belongs to the job `id`: as its own, or as that of one of its
/// GPUs while it waited or ran.
bool belongs_to(const told_event& x, const std::string& id, const record& job,
                const std::set<std::string>& gpus);

/// All that is known of a job, in the order of time: what its record and the
/// stream of events say. What both say comes once.
std::vector<told_event> timeline(const record& job,
                                 const std::vector<told_event>& events);

} // namespace render::records
