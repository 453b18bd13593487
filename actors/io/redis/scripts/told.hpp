#pragma once
// What scripts leave for whoever looks from outside: an event for each change
// of state, and the indexes of ended jobs. Nothing is decided by them, so what
// Redis refuses of them fails no script. Internal to the JOB STORE.
#include "actors/io/redis/scripts/script.hpp"

#include <cstdint>
#include <string_view>

namespace render::job_store {

/// What the indexes of ended jobs keep.
struct ended_terms {
  /// Most ids in each of them.
  uint32_t most = 10'000;
  /// Those of jobs that have ended within this time.
  std::chrono::seconds kept{7 * 86'400};
};

/// event(events, what, field, value, ...): adds an entry to the stream, which
/// keeps about the latest ten thousand. Its id has the time, by Redis' clock.
/// To be called after the script's first write, which says whether Redis takes
/// writes. On a Redis before version 7 the effects are replicated, since the
/// ids come from the clock.
inline constexpr std::string_view event_lua = R"lua(
if redis.replicate_commands then redis.replicate_commands() end
local function event(events, what, ...)
  redis.pcall('XADD', events, 'MAXLEN', '~', '10000', '*', 'what', what, ...)
end
)lua";

/// index_all(ended, jobs, most, kept_s): the jobs, each {id, type, final
/// status}, have ended now; no more than a hundred of them.
/// index_ended(ended, id, kind, status, most, kept_s): this one has. A type
/// that is none of ours has no index of its own. About one call in sixteen
/// trims.
inline constexpr std::string_view ended_lua = R"lua(
local function index_all(ended, jobs, most, kept_s)
  local kinds = {csm = 1, whisper = 1, portrait = 1, analyze = 1}
  local now_text, keys, calls = ms_text(clock_ms), {}, {}
  local function add(name, id)
    local call = calls[name]
    if not call then
      call = {'ZADD', name == '' and ended or ended .. ':' .. name}
      calls[name] = call
      keys[#keys + 1] = name
    end
    local n = #call
    call[n + 1], call[n + 2] = now_text, id
  end
  for _, x in ipairs(jobs) do
    add('', x[1])
    add(x[2] and kinds[x[2]] and x[2] or 'unknown', x[1])
    add(x[3], x[1])
  end
  for _, name in ipairs(keys) do
    local call = calls[name]
    redis.pcall(unpack(call))
    if clock_ms % 16 == 0 then
      redis.pcall('ZREMRANGEBYRANK', call[2], 0, -1 - most)
      redis.pcall('ZREMRANGEBYSCORE', call[2], '-inf',
                  clock_ms - kept_s * 1000)
    end
  end
end
local function index_ended(ended, id, kind, status, most, kept_s)
  index_all(ended, {{id, kind, status}}, most, kept_s)
end
)lua";

} // namespace render::job_store
