#pragma once
// The worker's log: one line an event on standard error, in UTC, as text or
// as one JSON object.
#include "actors/log.hpp"

#include <string>
#include <string_view>

namespace render {

/// `format`: "text" or "json"; `level`: "debug", "info", "warning", "error".
logger make_logger(std::string_view format, const std::string& level);

} // namespace render
