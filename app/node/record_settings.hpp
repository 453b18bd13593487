#pragma once
// The settings of what Redis keeps of ended jobs. Pure.
#include "app/node/config.hpp"

#include <vector>

namespace render {

/// `before`, and these.
std::vector<setting> with_record_settings(std::vector<setting> before);

} // namespace render
