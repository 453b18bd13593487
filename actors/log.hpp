#pragma once
// Logging for actor shells: handed in at spawn, never looked up. Lines are
// sentences that begin with their subject ("job 4f.. (csm): ..."). They hold no
// secret and no presigned URL (see redacted_url).
#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>

#include <memory>

namespace render {

using logger = std::shared_ptr<spdlog::logger>;

/// Swallows everything; for tests.
inline logger null_logger() {
  return std::make_shared<spdlog::logger>(
    "null", std::make_shared<spdlog::sinks::null_sink_mt>());
}

} // namespace render
