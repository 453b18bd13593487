#pragma once
// Asks a status port, as --healthcheck does.
#include "app/worker/status_http.hpp"

namespace render {

/// Asks `where` for a path by GET; `limit` is for the whole exchange.
result<http_answer> ask_http(const host_port& where, const std::string& path,
                             std::chrono::milliseconds limit);

} // namespace render
