#pragma once
// Remembers where a job's render runs, if the job is the worker's.
//
// Changes: the record.
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/script.hpp"

namespace render::job_store {

struct note_remote_args {
  worker_terms worker;
  std::string job_id;
  uint64_t fence = 0;
  /// Empty: nowhere.
  std::string remote;
};

// Its answer: 1, or 0 when it is not the worker's.

inline constexpr std::string_view note_remote_lua = R"lua(
local record = KEYS[1]
local worker, fence, remote = unpack(ARGV)
local r = redis.pcall('HMGET', record, 'status', 'locked_by', 'fence')
if r.err or r[1] ~= 'running' or r[2] ~= worker or r[3] ~= fence then
  return 0
end
if remote == '' then
  redis.call('HDEL', record, 'remote')
else
  redis.call('HSET', record, 'remote', remote)
end
return 1
)lua";

inline script_call call_of(const note_remote_args& x) {
  static const auto lua = make_script("note_remote", note_remote_lua);
  return {&lua,
          {keys::record(x.job_id)},
          redis_words(x.worker.id, x.fence, x.remote)};
}

} // namespace render::job_store
