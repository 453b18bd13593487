#pragma once
// Jobs that are unlikely to end before their deadlines. Pure.
#include "app/records/fleet.hpp"
#include "app/records/queue.hpp"
#include "app/records/waits.hpp"

#include <string>
#include <vector>

namespace render::records {

struct risky_job {
  std::string id;
  std::string type;
  /// Unix seconds.
  double complete_by_s = 0;
};

/// Those of the queue's head and those that run, by what boots and runs took
/// lately; the next deadline first. Of the waiting ones the ten with the next
/// deadlines are looked at. A deadline that has passed is no risk any more.
std::vector<risky_job> jobs_at_risk(const waits& all,
                                    const std::vector<queued_job>& queue,
                                    const std::vector<leased_job>& running);

} // namespace render::records
