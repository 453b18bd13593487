#pragma once
// The jobs that workers run under a lease, for `c3ctl queue`.
#include "app/ctl/record_text.hpp"
#include "app/records/fleet.hpp"

#include <string>
#include <vector>

namespace render::ctl {

using records::leased_job;

std::string leased_table(const std::vector<leased_job>& jobs);

/// A JSON array.
std::string leased_json(const std::vector<leased_job>& jobs);

} // namespace render::ctl
