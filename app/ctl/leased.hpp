#pragma once
// The jobs that workers run under a lease, for `c3ctl queue`.
#include "app/ctl/context.hpp"
#include "app/ctl/record_text.hpp"

#include <string>
#include <vector>

namespace render::ctl {

struct leased_job {
  std::string id;
  record fields;
  /// Seconds; 0 or less when the lease has run out.
  double left_s = 0;
};

/// Leased jobs, those whose leases end first at the front.
result<std::vector<leased_job>> read_leased(redis& db, uint32_t limit);

std::string leased_table(const std::vector<leased_job>& jobs);

/// A JSON array.
std::string leased_json(const std::vector<leased_job>& jobs);

} // namespace render::ctl
