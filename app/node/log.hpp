#pragma once
// The worker's log: one line an event on standard error, in UTC, as text or
// as one JSON object.
#include "actors/log.hpp"
#include "messages/text/foreign_text.hpp"

#include <spdlog/formatter.h>

#include <memory>
#include <string>
#include <string_view>

namespace render {

/// `format`: "text" or "json". What has come from others is escaped (see
/// printable.hpp): a message is one line, whatever is in it.
/// The last door of the log: whatever a line says, it says no secret.
std::unique_ptr<spdlog::formatter> make_formatter(std::string_view format,
                                                  secret_mask mask = {});

/// `format` as above; `level`: "debug", "info", "warning", "error".
logger make_logger(std::string_view format, const std::string& level,
                   secret_mask mask);

} // namespace render
