#pragma once
// What the REDIS_ settings mean together, for the worker and for c3ctl. Pure.
#include "actors/io/redis/link/command.hpp"
#include "app/node/config.hpp"

namespace render {

/// Puts the parts that a URL has into the configuration: redis:// or rediss://
/// (which turns TLS on), [user[:password]@]host[:port][/db]. Its failure quotes
/// nothing, since the URL holds a password.
result<void> apply_redis_url(worker_config& cfg, std::string_view url);

/// Fails on settings that contradict each other.
result<void> check_redis(const worker_config& cfg);

/// How to reach Redis.
job_store::link_options redis_options(const worker_config& cfg);

/// A sentence for the log when what is sent to Redis, the password first, may
/// cross a foreign network in plain text; else empty. Goes by the spelling:
/// nothing is looked up.
std::string redis_warning(const worker_config& cfg);

} // namespace render
