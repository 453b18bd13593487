#pragma once
// The settings that have a file of their own. Pure.
#include "app/node/config.hpp"

#include <vector>

namespace render {

/// `before`, and these, in the order in which people read them.
std::vector<setting> with_further_settings(std::vector<setting> before);

} // namespace render
