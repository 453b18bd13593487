#pragma once
// What the files of scripts share. Internal to the JOB STORE.
#include "actors/io/job_store/scripts.hpp"

#include <string>
#include <string_view>

namespace render::job_store {

/// A script with its SHA-1.
script make_script(std::string_view name, std::string text);

template <class... Parts>
std::string joined_lua(Parts... parts) {
  return (std::string{} + ... + std::string{parts});
}

/// clock_ms: leases run by Redis' own clock, so that no worker's clock
/// matters.
inline constexpr std::string_view clock_lua = R"lua(
if redis.replicate_commands then redis.replicate_commands() end
local clock = redis.call('TIME')
local clock_ms = clock[1] * 1000 + math.floor(clock[2] / 1000)
)lua";

/// wait_ms(leases): until the first of them runs out, 0 when it has; -1 when
/// there is none.
inline constexpr std::string_view wait_lua = R"lua(
local function wait_ms(leases)
  local first = redis.call('ZRANGE', leases, 0, 0)[1]
  if not first then return -1 end
  return math.max(0, redis.call('ZSCORE', leases, first) - clock_ms)
end
)lua";

/// advance(mark, confirmed, number): notes that this write has happened. A mark
/// below what Redis had confirmed to the writer is the witness that it lost
/// writes; it stays until all of them have been made again.
inline constexpr std::string_view mark_lua = R"lua(
local function advance(mark, confirmed, number)
  local at = tonumber(redis.call('GET', mark) or '0')
  if at >= tonumber(confirmed) and tonumber(number) > at then
    redis.call('SET', mark, number, 'EX', 604800)
  end
end
)lua";

} // namespace render::job_store
