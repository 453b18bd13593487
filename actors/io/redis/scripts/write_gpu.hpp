#pragma once
// Writes a ledger entry, unless another worker owns it, or another entry has
// its workload. Its `intent_at` is now at the latest, by Redis' clock. What it
// may cost until its `expires` is reserved, and since when it is being stopped
// is noted for people; an intent that is `asked` for is refused when a limit of
// spending does not allow that.
//
// Changes: the entry, the ledger, the mark, the spending of the hours until
// `expires`; with a new state the events.
#include "actors/io/redis/scripts/gpu_entry.hpp"
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/spend.hpp"
#include "actors/io/redis/scripts/told.hpp"

namespace render::job_store {

struct write_gpu_args {
  /// A lease of 0: what is left of the one the entry has.
  worker_terms worker;
  mark_move mark;
  std::string id;
  /// As `gpu_fields` gives them.
  std::vector<std::string> fields;
  spend_limits spending = {};
  /// The launch has not been asked for, and will not be without this write.
  bool asked = false;
};

// Its answer: `read_as_owner`.

// Only a workload that is new to the entry is searched for, since most writes
// are signs of life. A launch is asked for right after it was written here, so
// a worker whose clock is ahead gives itself away: others would take the GPU
// for one that was there before.
inline constexpr std::string_view write_gpu_lua = R"lua(
local ledger, ledger_entry, mark, events = unpack(KEYS)
local worker, lease_ms, id, prefix, confirmed, number, spend, rate, per_hour,
      per_day, asked = unpack(ARGV, 1, 11)
local owner, known, expires, intent, state, paid_from, paid_to, paid_rate
  = unpack(redis.call('HMGET', ledger_entry, 'owner', 'workload', 'expires',
                      'intent_at', 'state', 'paid_from', 'paid_to',
                      'paid_rate'))
if owner and owner ~= worker then return 0 end
local value, place = {}, {}
for i = 12, #ARGV, 2 do
  value[ARGV[i]], place[ARGV[i]] = ARGV[i + 1], i + 1
end
local workload = value.workload or ''
local function not_after(text)
  if (tonumber(value.intent_at) or 0) > (tonumber(text) or 0) then
    value.intent_at, ARGV[place.intent_at] = text, text
  end
end
not_after(clock[1] .. '.' .. string.format('%06d', clock[2]))
if intent and expires == value.expires then not_after(intent) end
if workload ~= known
    and named_elsewhere(ledger, prefix, id, workload) then
  return -1
end
rate = tonumber(rate)
paid_from, paid_to = tonumber(paid_from), tonumber(paid_to)
local to = (tonumber(value.expires) or 0) * 1000
if to ~= (paid_to or 0) then
  if paid_to then
    reserve(spend, paid_from, paid_to, tonumber(paid_rate), -1)
    redis.call('HDEL', ledger_entry, 'paid_from', 'paid_to', 'paid_rate')
  end
  local from = clock_ms
  if asked ~= '1' then
    local since = tonumber(value.launched_at) or 0
    if since == 0 then since = tonumber(value.intent_at) or 0 end
    from = paid_from or math.min(clock_ms, math.floor(since * 1000))
  end
  if rate > 0 and to > from then
    local over = asked == '1' and exceeds(spend, from, to, rate,
                                          tonumber(per_hour), tonumber(per_day))
    if over then return over end
    reserve(spend, from, to, rate, 1)
    redis.call('HSET', ledger_entry, 'paid_from', string.format('%.0f', from),
               'paid_to', string.format('%.0f', to), 'paid_rate', rate)
  end
end
redis.call('HSET', ledger_entry, 'owner', worker, unpack(ARGV, 12))
if lease_ms == '0' then
  redis.call('ZADD', ledger, 'NX', clock_ms, id)
else
  redis.call('ZADD', ledger, clock_ms + lease_ms, id)
end
advance(mark, confirmed, number)
if value.state and value.state ~= state then
  if value.state == 'stopping' then
    redis.call('HSET', ledger_entry, 'stopping_at',
               clock[1] .. '.' .. string.format('%06d', clock[2]))
  elseif state == 'stopping' then
    redis.call('HDEL', ledger_entry, 'stopping_at')
  end
  event(events, 'gpu_' .. value.state, 'gpu', id, 'type', value.type or '',
        'worker', worker)
end
return 1
)lua";

inline script_call call_of(const write_gpu_args& x) {
  static const auto lua = make_script("write_gpu", clock_lua, mark_lua,
                                      event_lua, named_elsewhere_lua, spend_lua,
                                      write_gpu_lua);
  auto& by = x.worker;
  auto value_of = [&x](std::string_view name) {
    for (size_t i = 0; i + 1 < x.fields.size(); i += 2)
      if (x.fields[i] == name)
        return x.fields[i + 1];
    return std::string{};
  };
  auto argv = redis_words(
    by.id, by.lease, x.id, keys::gpu_prefix(by.prefix), x.mark.confirmed,
    x.mark.number, keys::spend_prefix(by.prefix),
    x.spending.price_of(workload_type{value_of("type")}), x.spending.per_hour,
    x.spending.per_day, x.asked ? 1 : 0);
  argv.insert(argv.end(), x.fields.begin(), x.fields.end());
  return {&lua,
          {keys::gpus(by.prefix), keys::gpu(by.prefix, x.id),
           keys::mark(by.prefix, x.mark.session), keys::events(by.prefix)},
          std::move(argv)};
}

} // namespace render::job_store
