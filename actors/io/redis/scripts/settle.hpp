#pragma once
// Writes the final status of a job and the outbox entry of its webhook, if the
// job is the worker's. `settled_by` tells our own earlier write from a front
// end's status, so that asking twice is safe.
//
// Changes: the record, its lock, the running set, the leases, the mark, the
// indexes of ended jobs, the events; the
// outbox and its entry where a webhook is wanted. Of a job that is not the
// worker's: its place in the leases and in the running set at most.
#include "actors/io/redis/link/reply.hpp"
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/reading.hpp"
#include "actors/io/redis/scripts/told.hpp"
#include "messages/job.hpp"
#include "messages/text/utf8.hpp"
#include "messages/webhook.hpp"

#include <cmath>
#include <optional>

namespace render::job_store {

struct settle_args {
  worker_terms worker;
  mark_move mark;
  /// Unix seconds.
  double now_s = 0;
  std::string job_id;
  uint64_t fence = 0;
  job_outcome outcome;
  /// The job was ended before its time.
  bool cut_short = false;
  /// What its producer should know of a job that ran all the same; may be
  /// empty.
  std::string notice;
  /// Makes a missing record, which lives for so long; 0: it does not.
  std::chrono::seconds made_record{0};
  /// Without a URL: nobody wants one.
  webhook wanted;
  std::string mac;
  /// For how long the entry is the worker's to deliver.
  milliseconds outbox_lease{60'000};
  /// The latest attempt: its number, 0: it is not known; its GPU's entry in the
  /// launch ledger, may be empty; its line, see `told_attempts`.
  uint32_t attempt = 0;
  std::string gpu;
  std::string attempt_line;
  ended_terms ended = {};
  /// The record is deleted this long after the end; 0: never.
  std::chrono::seconds record_kept{0};
};

struct settle_answer {
  bool written = false;
  /// A webhook waits in the outbox: tries made, and when its entry was made.
  struct waiting {
    uint32_t attempts = 0;
    int64_t created_ms = 0;
  };
  std::optional<waiting> webhook;
};

inline constexpr std::string_view settle_names_lua = R"lua(
local record, lock, running, outbox, outbox_entry, leases, mark, events, ended
  = unpack(KEYS)
local worker, id, now, status, why, text, result_url, has_text, make_missing,
      made_s, url, body, created_ms, outbox_lease_ms, fence, confirmed, number,
      cut_short, mac, notice, receipt, error_code, error_detail, attempt, gpu,
      line, ended_max, ended_s, kept_s, traceparent, tracestate = unpack(ARGV)
)lua";

inline constexpr std::string_view settle_lua = R"lua(
-- What it says is known to whoever settles.
local function entry()
  local e = redis.call('HMGET', outbox_entry, 'attempts', 'created_ms')
  if e[2] and redis.call('ZSCORE', outbox, id) then
    return {1, {clip(e[1], 32), clip(e[2], 32)}}
  end
  return {1, {}}
end
-- Only we write it: what is of another type would fail all that follows.
local found = redis.pcall('HSTRLEN', outbox_entry, 'id')
if type(found) == 'table' then redis.call('DEL', outbox_entry) end
local signature = worker .. ' ' .. fence
local r = redis.pcall('HMGET', record, 'status', 'locked_by', 'settled_by',
                      'fence', 'type')
local missing = not r.err and redis.call('EXISTS', record) == 0
if not r.err and not missing and r[3] == signature then
  redis.call('SREM', running, id)
  advance(mark, confirmed, number)
  return entry()
end
if r.err or missing and make_missing ~= '1'
   or not missing and (r[1] ~= 'running' or r[2] ~= worker
                       or r[4] ~= fence) then
  -- The lease may be another owner's by now; ours has run out.
  if r.err or missing or r[1] ~= 'running' then
    redis.call('ZREM', leases, id)
  end
  if r.err or r[2] ~= worker or r[1] ~= 'running' then
    redis.call('SREM', running, id)
  end
  return {0, {}}
end
local set = {'HSET', record, 'status', status, 'finished_at', now,
             'settled_by', signature}
local function put(name, value)
  table.insert(set, name)
  table.insert(set, value)
end
if missing then
  put('id', id)
  put('type', 'unknown')
end
if cut_short == '1' then put('cancelling', 'true') end
if notice ~= '' then put('notice', notice) end
if receipt ~= '' then put('receipt', receipt) end
if status == 'failed' then put('error', why) else put('progress', 1) end
if error_code ~= '' then
  put('error_code', error_code)
  put('error_detail', error_detail)
end
if text ~= '' or has_text == '1' then put('result', text) end
if result_url ~= '' then put('result_url', result_url) end
if gpu ~= '' then put('gpu', gpu) end
if attempt ~= '0' and line ~= '' then put('attempt_' .. attempt, line) end
if not missing and kept_s ~= '0' then put('job_ttl', kept_s) end
redis.call(unpack(set))
if missing then
  redis.call('EXPIRE', record, made_s)
elseif kept_s ~= '0' then
  redis.call('EXPIRE', record, kept_s)
end
if status == 'success' then
  redis.call('HDEL', record, 'error', 'error_code', 'error_detail')
end
redis.call('HDEL', record, 'stage', 'remote')
redis.call('DEL', lock)
redis.call('SREM', running, id)
redis.call('ZREM', leases, id)
advance(mark, confirmed, number)
index_ended(ended, id, r[5], status, ended_max, ended_s)
event(events, 'job_ended', 'job', id, 'type', clip(r[5] or 'unknown', 80),
      'worker', worker, 'attempt', attempt, 'gpu', gpu, 'status', status,
      'reason', clip(why, 200))
if url ~= '' then
  redis.call('HSET', outbox_entry, 'id', 'msg_' .. id, 'url', url,
             'body', body, 'attempts', 0, 'created_ms', created_ms,
             'mac', mac)
  redis.call('HDEL', outbox_entry, 'error', 'traceparent', 'tracestate')
  if traceparent ~= '' then
    redis.call('HSET', outbox_entry, 'traceparent', traceparent, 'tracestate',
               tracestate)
  end
  redis.call('ZADD', outbox, clock_ms + outbox_lease_ms, id)
  return entry()
end
return {1, {}}
)lua";

inline script_call call_of(const settle_args& x) {
  static const auto lua = make_script("settle", settle_names_lua, clock_lua,
                                      mark_lua, bounds_lua, event_lua,
                                      ended_lua, settle_lua);
  auto& by = x.worker;
  auto& id = x.job_id;
  auto& outcome = x.outcome;
  auto is_text = outcome.success() && outcome.result_url.empty();
  auto created_ms = static_cast<int64_t>(std::floor(x.now_s * 1000));
  return {&lua,
          {keys::record(id), keys::lock(id), keys::running(by.prefix, by.id),
           keys::outbox(by.prefix), keys::outbox_entry(by.prefix, id),
           keys::leases(by.prefix), keys::mark(by.prefix, x.mark.session),
           keys::events(by.prefix), keys::ended(by.prefix)},
          redis_words(
            by.id, id, x.now_s, outcome.success() ? "success" : "failed",
            valid_utf8(outcome.error.message), outcome.text, outcome.result_url,
            is_text, x.made_record.count() > 0, x.made_record, x.wanted.url,
            x.wanted.body, created_ms, x.outbox_lease, x.fence,
            x.mark.confirmed, x.mark.number, x.cut_short, x.mac, x.notice,
            outcome.receipt, outcome.error_code,
            valid_utf8(outcome.error_detail), x.attempt, x.gpu, x.attempt_line,
            x.ended.most, x.ended.kept, x.record_kept,
            traceparent_of(outcome.trace), outcome.trace.state)};
}

/// Of {1 or 0: written, {attempts, created_ms} or {}}.
inline result<settle_answer> read_settle(reply x) {
  if (auto wrong = unless_array(x, 2, "settle"))
    return fail(std::move(*wrong));
  settle_answer out;
  out.written = integer_at(x, 0) == 1;
  if (auto& entry = x.elements[1]; entry.is_array(2)) {
    auto attempts = count_at(entry, 0);
    out.webhook = {attempts, integer_at(entry, 1)};
  }
  return out;
}

} // namespace render::job_store
