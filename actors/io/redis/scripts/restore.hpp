#pragma once
// Makes a claim again that Redis had confirmed and then lost. What stands there
// now is from before, or was made by somebody since.
//
// Changes, unless Redis has lost nothing of it or somebody else had it since:
// the record, its lock, the running set, the leases, the queue.
#include "actors/io/redis/link/reply.hpp"
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/script.hpp"
#include "messages/job.hpp"

namespace render::job_store {

struct restore_args {
  /// A lease of 0: nobody works on it, so it has no lock.
  worker_terms worker;
  job subject;
  /// That had it.
  node_id session;
  /// The latest confirmed write about it.
  uint64_t confirmed = 0;
  /// Unix seconds.
  double now_s = 0;
};

enum class restore_answer : uint8_t {
  /// Redis lost nothing of it.
  known,
  /// It is the worker's again.
  restored,
  /// Somebody else had it since, or it has a final status.
  taken,
};

inline constexpr std::string_view restore_lua = R"lua(
local record, lock, running, leases, queue, mark = unpack(KEYS)
local worker, id, fence, confirmed_at, lock_s, lease_ms, now
  = unpack(ARGV, 1, 7)
fence, lease_ms = tonumber(fence), tonumber(lease_ms)
if tonumber(redis.call('GET', mark) or '0') >= tonumber(confirmed_at) then
  return 'known'
end
local final = {timed_out = true, cancelled = true, failed = true,
               success = true}
local r = redis.pcall('HMGET', record, 'status', 'locked_by', 'fence')
if r.err or final[r[1]] or (whole(r[3]) or 0) > fence then return 'taken' end
if r[2] and r[2] ~= '' and r[2] ~= worker
   and redis.call('EXISTS', lock) == 1 then
  return 'taken'
end
local missing = redis.call('EXISTS', record) == 0
redis.call('HSET', record, 'status', 'running', 'locked_by', worker,
           'locked_at', clock[1], 'started_at', now, 'fence', fence,
           'worker', worker,
           unpack(ARGV, 8, missing and #ARGV or 11))
if lease_ms > 0 then
  redis.call('SET', lock, worker, 'EX', lock_s)
else
  redis.call('DEL', lock)
end
redis.call('ZADD', leases, clock_ms + lease_ms, id)
redis.call('SADD', running, id)
redis.call('LREM', queue, 0, id)
return 'restored'
)lua";

inline script_call call_of(const restore_args& x) {
  static const auto lua = make_script("restore", clock_lua, bounds_lua,
                                      restore_lua);
  auto& by = x.worker;
  auto& job = x.subject;
  // The first two go into every record, all into a missing one.
  return {&lua,
          {keys::record(job.id), keys::lock(job.id),
           keys::running(by.prefix, by.id), keys::leases(by.prefix),
           std::string{keys::queue}, keys::mark(by.prefix, x.session)},
          redis_words(by.id, job.id, job.fence, x.confirmed, by.lock, by.lease,
                      x.now_s, "attempt", job.attempt, "history",
                      join_history(job.history), "id", job.id, "type", job.type,
                      "created_at", job.created_at_s, "complete_by",
                      job.complete_by_s, "max_time", job.max_time_s, "data",
                      job.data, "remote", job.remote)};
}

inline restore_answer read_restore(const result<reply>& x) {
  if (x && x->text == "known")
    return restore_answer::known;
  return x && x->text == "restored" ? restore_answer::restored
                                    : restore_answer::taken;
}

} // namespace render::job_store
