#pragma once
// The settings of the HTTP service. Pure.
#include "app/node/config.hpp"

#include <string>
#include <vector>

namespace render {

/// `before`, and these.
std::vector<setting> with_web_settings(std::vector<setting> before);

/// Where workers find uploaded inputs: what the URLs of all of them begin with.
/// Empty: there is no service.
std::string uploads_url(const web_config& x);

} // namespace render
