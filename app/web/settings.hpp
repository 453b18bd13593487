#pragma once
// The service's part of the worker's settings. Pure.
#include "app/node/config.hpp"
#include "app/web/service.hpp"

namespace render::web {

/// Without version and commit. `default_address`: where WEB_ADDRESS is off.
service_config service_settings(const worker_config& cfg,
                                const std::string& default_address = {});

} // namespace render::web
