#pragma once
// The REDIS_ settings taken together, for the worker and for c3ctl. Pure.
#include "actors/io/redis/link/command.hpp"
#include "app/node/config.hpp"

namespace render {

/// Puts the parts of a URL into the configuration: redis:// or rediss:// (which
/// turns TLS on), [user[:password]@]host[:port][/db]. The failure does not
/// quote the URL, since that may hold a password.
result<void> apply_redis_url(worker_config& cfg, std::string_view url);

/// Fails on settings that contradict each other.
result<void> check_redis(const worker_config& cfg);

/// How to reach Redis.
job_store::link_options redis_options(const worker_config& cfg);

/// A warning for the log when data for Redis, the password included, may cross
/// a foreign network in plain text; else empty. Judges by the host's spelling,
/// without a look-up.
std::string redis_warning(const worker_config& cfg);

} // namespace render
