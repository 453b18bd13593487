#pragma once
// Ends a ledger entry. A workload that another launch has written down, or
// ended, leaves the one of that launch to this entry: somebody has to look for
// it. Such two ends are seconds apart, so the latest hundred tell. Nobody owns
// it then, lest a renewal that is on its way keeps it from others.
//
// What it has cost is spent, and what was reserved beyond that is free again.
//
// Changes, unless another worker owns it: the entry, the ledger, the closed
// list, the mark, the events, the spending of its hours.
#include "actors/io/redis/scripts/gpu_entry.hpp"
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/spend.hpp"
#include "actors/io/redis/scripts/told.hpp"
#include "messages/text/utf8.hpp"

namespace render::job_store {

struct close_gpu_args {
  worker_terms worker;
  mark_move mark;
  msg::close_gpu what;
  /// Unix seconds.
  double now_s = 0;
  /// Ended GPUs that are remembered.
  uint32_t closed_max = 1'000;
};

/// The entry stays, and is left to others.
inline bool is_left_to_others(const result<reply>& x) {
  return x && x->integer == 2;
}

// Its answer: `read_as_owner`.

inline constexpr std::string_view close_gpu_lua = R"lua(
local ledger, ledger_entry, closed, mark, events = unpack(KEYS)
local worker, id, line, closed_max, prefix, workload, says_workload, says_id,
      confirmed, number, kind, why, spend, launched_ms = unpack(ARGV)
local function was_ended()
  if workload == '' then return false end
  for _, ended in ipairs(redis.call('LRANGE', closed, 0, 99)) do
    if string.find(ended, says_workload, 1, true)
        and not string.find(ended, says_id, 1, true) then
      return true
    end
  end
  return false
end
local owner, paid_from, paid_to, paid_rate = unpack(redis.call(
  'HMGET', ledger_entry, 'owner', 'paid_from', 'paid_to', 'paid_rate'))
if owner and owner ~= worker then return 0 end
advance(mark, confirmed, number)
if owner and (named_elsewhere(ledger, prefix, id, workload)
              or was_ended()) then
  redis.call('HSET', ledger_entry, 'owner', '', 'state', 'intent', 'workload', '',
             'node', '', 'launched_at', 0)
  redis.call('ZADD', ledger, 0, id)
  return 2
end
paid_from, paid_to, paid_rate = tonumber(paid_from), tonumber(paid_to),
                                tonumber(paid_rate)
if owner and paid_to then reserve(spend, paid_from, paid_to, paid_rate, -1) end
if owner and workload ~= '' then
  local from = paid_from or tonumber(launched_ms)
  local to = math.min(clock_ms, paid_to or clock_ms)
  if from > 0 then
    each_hour(from, to, function(hour, ms)
      local usd = paid_rate and cost(ms, paid_rate) or 0
      add_spend(spend, hour, 'ms:' .. kind, ms)
      add_spend(spend, hour, 'usd:' .. kind, usd)
      add_spend(spend, hour, 'usd', usd)
    end)
  end
end
redis.call('DEL', ledger_entry)
redis.call('ZREM', ledger, id)
if owner then
  redis.call('LPUSH', closed, line)
  redis.call('LTRIM', closed, 0, closed_max - 1)
  event(events, 'gpu_closed', 'gpu', id, 'type', kind, 'worker', worker,
        'reason', why)
end
return 1
)lua";

inline script_call call_of(const close_gpu_args& x) {
  static const auto lua = make_script("close_gpu", clock_lua, event_lua,
                                      mark_lua, named_elsewhere_lua, spend_lua,
                                      close_gpu_lua);
  auto& by = x.worker;
  auto& entry = x.what.entry;
  return {&lua,
          {keys::gpus(by.prefix), keys::gpu(by.prefix, entry.id),
           keys::closed_gpus(by.prefix), keys::mark(by.prefix, x.mark.session),
           keys::events(by.prefix)},
          redis_words(by.id, entry.id, closed_gpu_json(x.what, by.id, x.now_s),
                      x.closed_max, keys::gpu_prefix(by.prefix), entry.workload,
                      closed_workload_text(entry.workload),
                      closed_id_text(entry.id), x.mark.confirmed, x.mark.number,
                      entry.type, valid_utf8(x.what.reason.substr(0, 200)),
                      keys::spend_prefix(by.prefix),
                      static_cast<int64_t>(entry.launched_s * 1000))};
}

} // namespace render::job_store
