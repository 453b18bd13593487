#pragma once
// Says how a worker fares, for whoever looks at the workers from outside. A
// Redis that refuses writes goes on showing what was said before, until that
// expires; a worker with nothing else to write learns by it that nobody could
// renew a lease.
//
// Changes: the worker's record, the workers.
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/script.hpp"

namespace render::job_store {

struct heartbeat_args {
  worker_terms worker;
  /// Field, value, ...
  std::vector<std::string> fields;
  /// For how long the record lives without another one …
  milliseconds kept{35'000};
  /// … and the worker is counted.
  milliseconds counted{90'000};
};

// Its answer: nothing that anybody waits for.

inline constexpr std::string_view heartbeat_lua = R"lua(
local record, workers = unpack(KEYS)
local worker, kept_ms, counted_ms = unpack(ARGV, 1, 3)
local seen_at = clock[1] .. '.' .. string.format('%06d', clock[2])
local said = redis.pcall('HSET', record, 'seen_at', seen_at, unpack(ARGV, 4))
if type(said) == 'table' then
  return string.find(said.err, 'WRONGTYPE', 1, true) and 0 or said
end
redis.call('PEXPIRE', record, kept_ms)
redis.call('ZADD', workers, clock_ms + counted_ms, worker)
return 1
)lua";

inline script_call call_of(const heartbeat_args& x) {
  static const auto lua = make_script("heartbeat", clock_lua, heartbeat_lua);
  auto& by = x.worker;
  auto argv = redis_words(by.id, x.kept, x.counted);
  argv.insert(argv.end(), x.fields.begin(), x.fields.end());
  return {&lua,
          {keys::worker(by.prefix, by.id), keys::workers(by.prefix)},
          std::move(argv)};
}

} // namespace render::job_store
