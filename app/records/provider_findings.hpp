#pragma once
// What is wrong between the provider's list and the launch ledger. Pure.
#include "app/records/diagnosis.hpp"

#include <vector>

namespace render::records {

std::vector<finding> findings_of(const provider_sight& x);

} // namespace render::records
