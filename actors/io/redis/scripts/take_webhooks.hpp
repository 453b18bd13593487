#pragma once
// Leases due outbox entries. The record comes along, for a body that nobody can
// show to be ours is made anew from it.
//
// Changes: the outbox.
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/outbox_entry.hpp"
#include "actors/io/redis/scripts/reading.hpp"
#include "actors/io/redis/scripts/script.hpp"
#include "messages/money.hpp"

#include <algorithm>

namespace render::job_store {

struct take_webhooks_args {
  /// In front of every key of our own.
  std::string prefix = "c3:";
  milliseconds lease{60'000};
  /// Most entries.
  uint32_t most = 100;
};

inline constexpr std::string_view take_webhooks_lua = R"lua(
local outbox = KEYS[1]
local lease_ms, most, prefix = unpack(ARGV)
local body_max = 33554432
local final = {success = true, failed = true}
local function record_of(id)
  local key = 'job:' .. id
  if redis.call('EXISTS', key) == 0 then return {'missing'} end
  local r = redis.pcall('HMGET', key, 'status')
  if r.err then return {'missing'} end
  local url = notify_url_of(key, 16 * data_max)
  local data = bounded(key, 'data', data_max)
  if r[1] == 'queued' or r[1] == 'running' then return {'open', data, url} end
  local result, over = bounded(key, 'result', body_max)
  if over or not final[r[1]] then return {'ended', data, url} end
  return {r[1], data, url, bounded(key, 'error', 65536),
          bounded(key, 'result_url', 65536), result,
          bounded(key, 'receipt', 16384)}
end
local out = {}
local due = redis.call('ZRANGEBYSCORE', outbox, '-inf', clock_ms, 'LIMIT', 0,
                       most)
for _, id in ipairs(due) do
  local key = prefix .. id
  local e = redis.pcall('HMGET', key, 'id', 'attempts', 'created_ms', 'mac',
                       'traceparent', 'tracestate')
  if not e.err and e[1] and #id <= 1024 then
    redis.call('ZADD', outbox, clock_ms + lease_ms, id)
    table.insert(out, {id, clip(e[1], 1100), bounded(key, 'url', 65536),
                       bounded(key, 'body', body_max), clip(e[2], 32),
                       clip(e[3], 32), clip(e[4], 128), record_of(id),
                       clip(e[5], 128), clip(e[6], 512)})
  else
    redis.call('ZREM', outbox, id)
  end
end
return out
)lua";

inline script_call call_of(const take_webhooks_args& x) {
  static const auto lua = make_script("take_webhooks", clock_lua,
                                      job_limits_lua(), bounds_lua,
                                      notify_url_lua, take_webhooks_lua);
  return {&lua,
          {keys::outbox(x.prefix)},
          redis_words(x.lease, x.most, keys::outbox_entry_prefix(x.prefix))};
}

/// Of an array of {job id, id, url, body, attempts, created_ms, mac, record,
/// traceparent, tracestate};
/// url and body are false where they are too long; record = {state, data,
/// notify_url found in longer data, error, result_url, result, receipt}, state:
/// success|failed, open: it waits or runs anew, ended: it does not tell an end
/// of ours, or missing.
inline result<std::vector<outbox_entry>> read_webhooks(reply x) {
  if (auto wrong = unless_array(x, 0, "take_webhooks"))
    return fail(std::move(*wrong));
  std::vector<outbox_entry> out;
  for (auto& y : x.elements) {
    if (!y.is_array(8))
      continue;
    outbox_entry z;
    z.entry.job_id = job_id{text_at(y, 0)};
    z.entry.id = text_at(y, 1);
    z.entry.url = text_at(y, 2);
    z.entry.body = text_at(y, 3);
    z.entry.attempts = static_cast<uint32_t>(
      std::clamp<int64_t>(integer_at(y, 4), 0, UINT32_MAX));
    auto made_ms = number_at(y, 5);
    z.entry.created_ms
      = made_ms >= 0 && made_ms < 9e15 ? static_cast<int64_t>(made_ms) : 0;
    z.mac = text_at(y, 6);
    auto& record = y.elements[7];
    z.state = text_at(record, 0);
    z.data = text_at(record, 1);
    z.found_url = text_at(record, 2);
    z.error = text_at(record, 3);
    z.result_url = text_at(record, 4);
    z.result = text_at(record, 5);
    // Only a header: a forged one does no more than join another trace.
    z.entry.trace = read_span_context(text_at(y, 8), text_at(y, 9));
    z.entry.receipt = receipt_header(text_at(record, 6));
    out.push_back(std::move(z));
  }
  return out;
}

} // namespace render::job_store
