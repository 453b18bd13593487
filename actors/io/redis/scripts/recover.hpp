#pragma once
// Puts jobs whose lease has run out back at the head of the queue, whoever held
// them; their attempt counts, for a job that kills its workers must not run for
// ever. Counts the workers that do so.
//
// Changes, of each such job: the record, its lock, the owner's running set, the
// queue; the leases; the workers; the events. Of a job that has ended while it
// was leased, as when a front end cancels it: the indexes of ended jobs.
#include "actors/io/redis/link/reply.hpp"
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/reading.hpp"
#include "actors/io/redis/scripts/told.hpp"

namespace render::job_store {

struct recover_args {
  worker_terms worker;
  /// Most jobs.
  uint32_t most = 100;
  /// For how long the worker is counted.
  milliseconds counted{90'000};
  ended_terms ended = {};
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
local queue, leases, workers, events, ended = unpack(KEYS)
local most, running_prefix, why, asker, counted_ms, ended_max, ended_s
  = unpack(ARGV)
local back = {}
local final = {timed_out = true, cancelled = true, failed = true,
               success = true}
-- How the attempt of a dead worker ended, for people: as JSON, of words that
-- others may have written.
local function line_of(r)
  local function quoted(text, most)
    return '"' .. string.gsub(clip(text or '', most), '[%c"\\]', '?') .. '"'
  end
  local began = tonumber(r[5] or '') or 0
  return '{"worker":' .. quoted(r[2], 200) .. ',"gpu":' .. quoted(r[6], 80)
         .. ',"began":' .. string.format('%.3f', began) .. ',"ended":'
         .. string.format('%.3f', clock_ms / 1000) .. ',"how":'
         .. quoted(why .. r[2], 300) .. '}'
end
local due = redis.call('ZRANGEBYSCORE', leases, '-inf', clock_ms, 'LIMIT', 0,
                       most)
for _, id in ipairs(due) do
  local key = 'job:' .. id
  local r = redis.pcall('HMGET', key, 'status', 'locked_by', 'attempt', 'type',
                        'started_at', 'gpu')
  if not r.err and r[1] == 'running' and r[2] and r[2] ~= '' then
    local attempt = whole(r[3]) or 1
    local text, former = why .. clip(r[2], 200), history_of(key)
    if former and former ~= '' then text = former .. '\n' .. text end
    redis.call('HSET', key, 'status', 'queued', 'history', text,
               'attempt_' .. attempt, line_of(r))
    redis.call('HDEL', key, 'locked_by', 'locked_at', 'started_at', 'stage',
               'progress', 'progress_at', 'stages', 'gpu')
    redis.call('DEL', key .. ':lock')
    redis.call('LPUSH', queue, id)
    redis.call('SREM', running_prefix .. r[2], id)
    event(events, 'job_recovered', 'job', id, 'type', clip(r[4] or '', 80),
          'worker', clip(r[2], 200), 'attempt', attempt)
    table.insert(back, {clip(id, 80), clip(r[2], 200), attempt})
  elseif not r.err and final[r[1]]
      and not redis.pcall('ZSCORE', ended, id) then
    index_ended(ended, id, r[4], r[1], ended_max, ended_s)
    event(events, 'job_ended', 'job', id, 'type', clip(r[4] or '', 80),
          'worker', '', 'status', r[1], 'reason', 'by a front end')
  end
  redis.call('ZREM', leases, id)
end
-- A Redis that refuses writes counts nobody anew, and has still answered.
redis.pcall('ZADD', workers, clock_ms + counted_ms, asker)
local away = redis.pcall('ZRANGEBYSCORE', workers, '-inf', clock_ms, 'LIMIT', 0,
                         100)
for _, worker in ipairs(away) do
  if redis.pcall('ZREM', workers, worker) == 1 then
    event(events, 'worker_ended', 'worker', clip(worker, 200))
  end
end
local count = redis.pcall('ZCARD', workers)
return {wait_ms(leases), back, type(count) == 'number' and count or 1}
)lua";

inline script_call call_of(const recover_args& x) {
  static const auto lua = make_script("recover", clock_lua, wait_lua,
                                      bounds_lua, event_lua, ended_lua,
                                      recover_lua);
  auto& by = x.worker;
  return {&lua,
          {std::string{keys::queue}, keys::leases(by.prefix),
           keys::workers(by.prefix), keys::events(by.prefix),
           keys::ended(by.prefix)},
          redis_words(x.most, keys::running_prefix(by.prefix),
                      "its worker stopped answering: ", by.id, x.counted,
                      x.ended.most, x.ended.kept)};
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
