#pragma once
// Remembers a failed attempt with the job, if it is the worker's.
//
// Changes: the record.
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/script.hpp"
#include "messages/job.hpp"

namespace render::job_store {

struct note_attempt_args {
  worker_terms worker;
  /// With the number of the new attempt, and the history.
  job subject;
};

// Its answer: 1, or 0 when it is not the worker's.

inline constexpr std::string_view note_attempt_lua = R"lua(
local record = KEYS[1]
local worker, fence, attempt, history = unpack(ARGV)
local r = redis.pcall('HMGET', record, 'status', 'locked_by', 'fence')
if r.err or r[1] ~= 'running' or r[2] ~= worker or r[3] ~= fence then
  return 0
end
redis.call('HSET', record, 'attempt', attempt, 'history', history)
return 1
)lua";

inline script_call call_of(const note_attempt_args& x) {
  static const auto lua = make_script("note_attempt", note_attempt_lua);
  auto& job = x.subject;
  return {&lua,
          {keys::record(job.id)},
          redis_words(x.worker.id, job.fence, job.attempt,
                      join_history(job.history))};
}

} // namespace render::job_store
