#pragma once
// The last door of the log: whatever a line says, it says no secret.
#include "actors/log.hpp"
#include "messages/foreign_text.hpp"

namespace render {

/// From now on the logger's lines pass the mask. Before anybody else has the
/// logger.
void mask_secrets(spdlog::logger& log, const secret_mask& mask);

} // namespace render
