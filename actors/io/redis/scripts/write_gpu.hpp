#pragma once
// Writes a ledger entry, unless another worker owns it, or another entry has
// its workload. Its `intent_at` is now at the latest, by Redis' clock.
//
// Changes: the entry, the ledger, the mark; with a new state the events.
#include "actors/io/redis/scripts/gpu_entry.hpp"
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/told.hpp"

namespace render::job_store {

struct write_gpu_args {
  /// A lease of 0: what is left of the one the entry has.
  worker_terms worker;
  mark_move mark;
  std::string id;
  /// As `gpu_fields` gives them.
  std::vector<std::string> fields;
};

// Its answer: `read_as_owner`.

// Only a workload that is new to the entry is searched for, since most writes
// are signs of life. A launch is asked for right after it was written here, so
// a worker whose clock is ahead gives itself away: others would take the GPU
// for one that was there before.
inline constexpr std::string_view write_gpu_lua = R"lua(
local ledger, ledger_entry, mark, events = unpack(KEYS)
local worker, lease_ms, id, prefix, confirmed, number = unpack(ARGV, 1, 6)
local owner, known, expires, intent, state = unpack(redis.call(
  'HMGET', ledger_entry, 'owner', 'workload', 'expires', 'intent_at', 'state'))
if owner and owner ~= worker then return 0 end
local value, place = {}, {}
for i = 7, #ARGV, 2 do
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
redis.call('HSET', ledger_entry, 'owner', worker, unpack(ARGV, 7))
if lease_ms == '0' then
  redis.call('ZADD', ledger, 'NX', clock_ms, id)
else
  redis.call('ZADD', ledger, clock_ms + lease_ms, id)
end
advance(mark, confirmed, number)
if value.state and value.state ~= state then
  event(events, 'gpu_' .. value.state, 'gpu', id, 'type', value.type or '',
        'worker', worker)
end
return 1
)lua";

inline script_call call_of(const write_gpu_args& x) {
  static const auto lua = make_script("write_gpu", clock_lua, mark_lua,
                                      event_lua, named_elsewhere_lua,
                                      write_gpu_lua);
  auto& by = x.worker;
  auto argv = redis_words(by.id, by.lease, x.id, keys::gpu_prefix(by.prefix),
                          x.mark.confirmed, x.mark.number);
  argv.insert(argv.end(), x.fields.begin(), x.fields.end());
  return {&lua,
          {keys::gpus(by.prefix), keys::gpu(by.prefix, x.id),
           keys::mark(by.prefix, x.mark.session), keys::events(by.prefix)},
          std::move(argv)};
}

} // namespace render::job_store
