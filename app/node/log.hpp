#pragma once
// The worker's log: one line for each event on standard error, in UTC, as text
// or as one JSON object.
#include "actors/log.hpp"
#include "messages/text/foreign_text.hpp"

#include <spdlog/formatter.h>

#include <memory>
#include <string>
#include <string_view>

namespace render {

/// `format`: "text" or "json". Text from others is escaped (see printable.hpp),
/// so that a message is always one line. Secrets are masked here once more, for
/// all lines.
std::unique_ptr<spdlog::formatter> make_formatter(std::string_view format,
                                                  secret_mask mask = {});

/// `format` as above; `level`: "debug", "info", "warning", "error".
logger make_logger(std::string_view format, const std::string& level,
                   secret_mask mask);

} // namespace render
