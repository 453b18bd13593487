#pragma once
// Remembers a failed attempt with the job, if it is the worker's.
//
// Changes: the record, the events.
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/told.hpp"
#include "messages/job.hpp"
#include "messages/text/utf8.hpp"

namespace render::job_store {

struct note_attempt_args {
  worker_terms worker;
  /// With the number of the new attempt, and the history.
  job subject;
  /// Of the failed attempt, as in `settle_args`.
  uint32_t failed = 0;
  std::string gpu = {};
  std::string attempt_line = {};
};

// Its answer: 1, or 0 when it is not the worker's.

inline constexpr std::string_view note_attempt_lua = R"lua(
local record, events = unpack(KEYS)
local worker, fence, attempt, history, failed, gpu, line, id, why = unpack(ARGV)
local r = redis.pcall('HMGET', record, 'status', 'locked_by', 'fence')
if r.err or r[1] ~= 'running' or r[2] ~= worker or r[3] ~= fence then
  return 0
end
redis.call('HSET', record, 'attempt', attempt, 'history', history,
           unpack(line ~= '' and {'attempt_' .. failed, line} or {}))
redis.call('HDEL', record, 'gpu', 'stages')
event(events, 'job_attempt_failed', 'job', id, 'worker', worker, 'attempt',
      failed, 'gpu', gpu, 'reason', why)
return 1
)lua";

inline script_call call_of(const note_attempt_args& x) {
  static const auto lua = make_script("note_attempt", event_lua,
                                      note_attempt_lua);
  auto& job = x.subject;
  return {&lua,
          {keys::record(job.id), keys::events(x.worker.prefix)},
          redis_words(x.worker.id, job.fence, job.attempt,
                      join_history(job.history), x.failed, x.gpu,
                      x.attempt_line, job.id,
                      job.history.empty()
                        ? std::string{}
                        : valid_utf8(job.history.back().substr(0, 200)))};
}

} // namespace render::job_store
