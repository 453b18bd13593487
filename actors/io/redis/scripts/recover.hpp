#pragma once
// Puts jobs whose lease has run out back at the head of the queue, whoever held
// them; their attempt counts, for a job that kills its workers must not run for
// ever. Counts the workers that do so.
//
// Changes, of each such job: the record, its lock, the owner's running set, the
// queue; the leases; and the workers.
#include "actors/io/redis/link/reply.hpp"
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/reading.hpp"
#include "actors/io/redis/scripts/script.hpp"

namespace render::job_store {

struct recover_args {
  worker_terms worker;
  /// Most jobs.
  uint32_t most = 100;
  /// For how long the worker is counted.
  milliseconds counted{90'000};
};

struct recover_answer {
  struct recovered_job {
    std::string id;
    std::string former_owner;
    uint32_t attempt = 0;
  };

  std::vector<recovered_job> jobs;
  /// As `until_next_look` takes it.
  int64_t next_due_ms = -1;
  uint32_t workers = 1;
};

inline constexpr std::string_view recover_lua = R"lua(
local queue, leases, workers = unpack(KEYS)
local most, running_prefix, why, asker, counted_ms = unpack(ARGV)
local back = {}
local due = redis.call('ZRANGEBYSCORE', leases, '-inf', clock_ms, 'LIMIT', 0,
                       most)
for _, id in ipairs(due) do
  local key = 'job:' .. id
  local r = redis.pcall('HMGET', key, 'status', 'locked_by', 'attempt')
  if not r.err and r[1] == 'running' and r[2] and r[2] ~= '' then
    local attempt = whole(r[3]) or 1
    local text, former = why .. clip(r[2], 200), history_of(key)
    if former and former ~= '' then text = former .. '\n' .. text end
    redis.call('HSET', key, 'status', 'queued', 'history', text)
    redis.call('HDEL', key, 'locked_by', 'locked_at', 'started_at', 'stage',
               'progress', 'progress_at')
    redis.call('DEL', key .. ':lock')
    redis.call('LPUSH', queue, id)
    redis.call('SREM', running_prefix .. r[2], id)
    table.insert(back, {clip(id, 80), clip(r[2], 200), attempt})
  end
  redis.call('ZREM', leases, id)
end
-- A Redis that refuses writes counts nobody anew, and has still answered.
redis.pcall('ZADD', workers, clock_ms + counted_ms, asker)
redis.pcall('ZREMRANGEBYSCORE', workers, '-inf', clock_ms)
local count = redis.pcall('ZCARD', workers)
return {wait_ms(leases), back, type(count) == 'number' and count or 1}
)lua";

inline script_call call_of(const recover_args& x) {
  static const auto lua = make_script("recover", clock_lua, wait_lua,
                                      bounds_lua, recover_lua);
  auto& by = x.worker;
  return {&lua,
          {std::string{keys::queue}, keys::leases(by.prefix),
           keys::workers(by.prefix)},
          redis_words(x.most, keys::running_prefix(by.prefix),
                      "its worker stopped answering: ", by.id, x.counted)};
}

/// Of {ms until the first lease runs out (-1: there is none), array of {id,
/// former owner, attempt}, number of workers}.
inline result<recover_answer> read_recover(reply x) {
  if (auto wrong = unless_array(x, 3, "recover"))
    return fail(std::move(*wrong));
  recover_answer out;
  out.next_due_ms = x.elements[0].integer;
  for (auto& entry : x.elements[1].elements)
    if (entry.is_array(3)) {
      auto attempt = count_at(entry, 2);
      out.jobs.push_back({text_at(entry, 0), text_at(entry, 1), attempt});
    }
  out.workers = std::max(1u, count_at(x, 2));
  return out;
}

} // namespace render::job_store
