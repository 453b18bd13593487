#pragma once
// Writes the final status of jobs and the outbox entries of their webhooks, of
// each job that is the worker's. `settled_by` tells our own earlier write from
// a front end's status, so that asking twice is safe. Ends of many jobs go in
// one call, see `command::item_at`; none of them hinders another.
//
// Changes, of each job: the record, its lock, the running set, the leases, the
// mark, the indexes of ended jobs, the events; the
// outbox and its entry where a webhook is wanted. Of a job that is not the
// worker's: its place in the leases and in the running set at most.
#include "actors/io/redis/link/reply.hpp"
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/reading.hpp"
#include "actors/io/redis/scripts/told.hpp"
#include "messages/job.hpp"
#include "messages/text/printable.hpp"
#include "messages/text/utf8.hpp"
#include "messages/webhook.hpp"

#include <cmath>
#include <iterator>
#include <optional>

namespace render::job_store {

/// Of an event, bytes.
inline constexpr size_t event_reason_max = 200;

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

// The arguments of one job end with the fields of its record that are written
// anyway, and of its outbox entry.
inline constexpr std::string_view settle_names_lua = R"lua(
local running, outbox, leases, mark, events, ended = unpack(KEYS)
local worker, outbox_prefix, outbox_lease_ms, confirmed, made_s, kept_s,
      ended_max, ended_s = unpack(ARGV, 1, 8)
)lua";

inline constexpr std::string_view settle_lua = R"lua(
local most, locks, not_running, not_leased, now_ended = 0, {}, {}, {}, {}
-- What it says is known to whoever settles.
local function entry(id, outbox_entry)
  local e = redis.call('HMGET', outbox_entry, 'attempts', 'created_ms')
  if e[2] and redis.call('ZSCORE', outbox, id) then
    return {1, {clip(e[1], 32), clip(e[2], 32)}}
  end
  return {1, {}}
end
local function settle(at)
  local id, fence, number, status, attempt, gpu, why, fields, webhook
    = unpack(ARGV, at, at + 8)
  local first = at + 9
  local second = first + fields
  local record, outbox_entry = 'job:' .. id, outbox_prefix .. id
  local signature = worker .. ' ' .. fence
  local r = redis.pcall('HMGET', record, 'status', 'locked_by', 'settled_by',
                        'fence', 'type')
  local missing = not r.err and not r[1]
                  and redis.call('EXISTS', record) == 0
  local again = not r.err and not missing and r[3] == signature
  -- Only we write it: what is of another type would fail all that follows.
  if again or webhook ~= '0' then
    local found = redis.pcall('HSTRLEN', outbox_entry, 'id')
    if type(found) == 'table' then redis.call('DEL', outbox_entry) end
  end
  if again then
    not_running[#not_running + 1] = id
    most = math.max(most, tonumber(number))
    return entry(id, outbox_entry)
  end
  if r.err or missing and made_s == '0'
     or not missing and (r[1] ~= 'running' or r[2] ~= worker
                         or r[4] ~= fence) then
    -- The lease may be another owner's by now; ours has run out.
    if r.err or missing or r[1] ~= 'running' then
      not_leased[#not_leased + 1] = id
    end
    if r.err or r[2] ~= worker or r[1] ~= 'running' then
      not_running[#not_running + 1] = id
    end
    return {0, {}}
  end
  redis.call('HSET', record, 'status', status, 'settled_by', signature,
             unpack(ARGV, first, second - 1))
  if missing then
    redis.call('HSET', record, 'id', id, 'type', 'unknown')
    redis.call('EXPIRE', record, made_s)
  elseif kept_s ~= '0' then
    redis.call('HSET', record, 'job_ttl', kept_s)
    redis.call('EXPIRE', record, kept_s)
  end
  if status == 'success' then
    redis.call('HDEL', record, 'stage', 'remote', 'error', 'error_code',
               'error_detail')
  else
    redis.call('HDEL', record, 'stage', 'remote')
  end
  local answer = {1, {}}
  if webhook ~= '0' then
    redis.call('HDEL', outbox_entry, 'error', 'traceparent', 'tracestate')
    redis.call('HSET', outbox_entry, 'id', 'msg_' .. id, 'attempts', 0,
               unpack(ARGV, second, second + webhook - 1))
    redis.call('ZADD', outbox, ms_text(clock_ms + outbox_lease_ms), id)
    answer = entry(id, outbox_entry)
  end
  locks[#locks + 1] = record .. ':lock'
  not_running[#not_running + 1] = id
  not_leased[#not_leased + 1] = id
  most = math.max(most, tonumber(number))
  now_ended[#now_ended + 1] = {id, r[5], status}
  event(events, 'job_ended', 'job', id, 'type', clip(r[5] or 'unknown', 80),
        'worker', worker, 'attempt', attempt, 'gpu', gpu, 'status', status,
        'reason', why)
  return answer
end
local answers, at = {}, 9
while at <= #ARGV do
  local ends = at + 9 + ARGV[at + 7] + ARGV[at + 8]
  if #answers == 0 and ends > #ARGV then
    answers[1] = settle(at)
  else
    local ok, answer = pcall(settle, at)
    if not ok then
      answer = {err = type(answer) == 'table' and answer.err
                      or tostring(answer)}
    end
    answers[#answers + 1] = answer
  end
  at = ends
end
local function call_with(name, key, ids)
  if #ids > 0 then redis.call(name, key, unpack(ids)) end
end
if #locks > 0 then redis.call('DEL', unpack(locks)) end
call_with('SREM', running, not_running)
call_with('ZREM', leases, not_leased)
if most > 0 then advance(mark, confirmed, most) end
index_all(ended, now_ended, ended_max, ended_s)
return answers
)lua";

/// Of a job's arguments, for one call.
inline std::vector<std::string> fields_of(const settle_args& x) {
  auto& outcome = x.outcome;
  auto out = redis_words("finished_at", x.now_s);
  auto put = [&out](std::string_view name, std::string value) {
    out.emplace_back(name);
    out.push_back(std::move(value));
  };
  auto put_known = [&put](std::string_view name, const std::string& value) {
    if (!value.empty())
      put(name, value);
  };
  if (x.cut_short)
    put("cancelling", "true");
  put_known("notice", x.notice);
  put_known("receipt", outcome.receipt);
  if (outcome.success())
    put("progress", "1");
  else
    put("error", valid_utf8(outcome.error.message));
  if (!outcome.error_code.empty()) {
    put("error_code", outcome.error_code);
    put("error_detail", valid_utf8(outcome.error_detail));
  }
  if (!outcome.text.empty()
      || (outcome.success() && outcome.result_url.empty()))
    put("result", outcome.text);
  put_known("result_url", outcome.result_url);
  put_known("gpu", x.gpu);
  if (x.attempt > 0)
    put_known("attempt_" + std::to_string(x.attempt), x.attempt_line);
  return out;
}

inline std::vector<std::string> entry_of(const settle_args& x) {
  if (x.wanted.url.empty())
    return {};
  auto created_ms = static_cast<int64_t>(std::floor(x.now_s * 1000));
  auto out = redis_words("url", x.wanted.url, "body", x.wanted.body,
                         "created_ms", created_ms, "mac", x.mac);
  if (auto parent = traceparent_of(x.outcome.trace); !parent.empty())
    for (auto& word : redis_words("traceparent", parent, "tracestate",
                                  x.outcome.trace.state))
      out.push_back(word);
  return out;
}

inline script_call call_of(const settle_args& x) {
  static const auto lua = make_script("settle", settle_names_lua, clock_lua,
                                      mark_lua, bounds_lua, event_lua,
                                      ended_lua, settle_lua);
  auto& by = x.worker;
  auto& outcome = x.outcome;
  script_call out{&lua,
                  {keys::running(by.prefix, by.id), keys::outbox(by.prefix),
                   keys::leases(by.prefix),
                   keys::mark(by.prefix, x.mark.session),
                   keys::events(by.prefix), keys::ended(by.prefix)},
                  redis_words(by.id, keys::outbox_entry_prefix(by.prefix),
                              x.outbox_lease, x.mark.confirmed, x.made_record,
                              x.record_kept, x.ended.most, x.ended.kept)};
  out.item_at = out.argv.size();
  auto fields = fields_of(x);
  auto entry = entry_of(x);
  // Of the reason as much as an event shows.
  auto why = printable(outcome.error.message, event_reason_max);
  for (auto& word :
       redis_words(x.job_id, x.fence, x.mark.number,
                   outcome.success() ? "success" : "failed", x.attempt, x.gpu,
                   why, fields.size(), entry.size()))
    out.argv.push_back(std::move(word));
  for (auto* words : {&fields, &entry})
    std::move(words->begin(), words->end(), std::back_inserter(out.argv));
  return out;
}

/// Of one job: {{1 or 0: written, {attempts, created_ms} or {}}}.
inline result<settle_answer> read_settle(reply x) {
  if (auto wrong = unless_array(x, 1, "settle"))
    return fail(std::move(*wrong));
  auto& one = x.elements[0];
  if (auto wrong = unless_array(one, 2, "settle"))
    return fail(std::move(*wrong));
  settle_answer out;
  out.written = integer_at(one, 0) == 1;
  if (auto& entry = one.elements[1]; entry.is_array(2)) {
    auto attempts = count_at(entry, 0);
    out.webhook = {attempts, integer_at(entry, 1)};
  }
  return out;
}

} // namespace render::job_store
