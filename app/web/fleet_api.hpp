#pragma once
// The routes of the fleet: workers, GPUs, webhooks, spend, and bulk changes.
#include "app/web/router.hpp"

#include <vector>

namespace render::web {

std::vector<route> fleet_routes();

} // namespace render::web
