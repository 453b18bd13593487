#pragma once
// What `c3ctl queue` shows of the jobs that workers run under a lease.
#include "app/ctl/record_text.hpp"
#include "app/ctl/redis.hpp"

#include <string>
#include <vector>

namespace render::ctl {

struct leased_job {
  std::string id;
  record fields;
  /// Seconds; not above 0 when it ran out.
  double left_s = 0;
};

/// Those whose lease ends first come first.
result<std::vector<leased_job>> read_leased(redis& db, uint32_t limit);

std::string leased_table(const std::vector<leased_job>& jobs);

/// An array.
std::string leased_json(const std::vector<leased_job>& jobs);

} // namespace render::ctl
