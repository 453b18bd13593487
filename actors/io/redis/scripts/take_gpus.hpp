#pragma once
// Takes the ledger entries that others have given to the worker, and, if it
// may, takes over those whose lease has run out.
//
// Changes: the owner of each such entry, the ledger, what is given to the
// worker, the mark, the events.
#include "actors/io/redis/scripts/gpu_entry.hpp"
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/reading.hpp"
#include "actors/io/redis/scripts/told.hpp"

namespace render::job_store {

struct take_gpus_args {
  worker_terms worker;
  mark_move mark;
  /// Most entries.
  uint32_t most = 100;
  /// Also those of workers that are dead or were away.
  bool orphans = true;
};

inline constexpr std::string_view take_gpus_lua = R"lua(
local ledger, given, mark, events = unpack(KEYS)
local worker, lease_ms, prefix, most, orphans, confirmed, number = unpack(ARGV)
local entries, known, got = {}, {}, {}
local function take(id)
  local entry = read_entry(prefix, id)
  if entry then
    redis.call('HSET', prefix .. id, 'owner', worker)
    redis.call('ZADD', ledger, clock_ms + lease_ms, id)
    table.insert(entries, entry)
    event(events, 'gpu_taken', 'gpu', id, 'type', entry[2], 'worker', worker)
  else
    redis.call('ZREM', ledger, id)
  end
  return entry
end
-- What somebody else has taken meanwhile has an owner.
for _, id in ipairs(redis.call('SMEMBERS', given)) do
  if #entries >= tonumber(most) then break end
  redis.call('SREM', given, id)
  if redis.call('HGET', prefix .. id, 'owner') == '' and take(id) then
    local since = redis.call('HGET', prefix .. id, 'idle_since')
    local idle_s = clock_ms / 1000 - (tonumber(since) or clock_ms / 1000)
    table.insert(got, id)
    table.insert(got, string.format('%.3f', idle_s))
  end
end
if orphans == '1' then
  local due = redis.call('ZRANGEBYSCORE', ledger, '-inf', clock_ms, 'LIMIT', 0,
                         most)
  for _, id in ipairs(due) do take(id) end
end
if #entries > 0 then
  advance(mark, confirmed, number)
  for _, id in ipairs(redis.call('ZRANGE', ledger, 0, -1)) do
    local workload = redis.call('HGET', prefix .. id, 'workload')
    if workload and workload ~= '' and #workload <= 1024 then
      table.insert(known, workload)
    end
  end
end
return {entries, known, wait_ms(ledger), got}
)lua";

inline script_call call_of(const take_gpus_args& x) {
  static const auto lua = make_script("take_gpus", clock_lua, wait_lua,
                                      mark_lua, bounds_lua, event_lua,
                                      gpu_entry_lua, take_gpus_lua);
  auto& by = x.worker;
  return {&lua,
          {keys::gpus(by.prefix), keys::given(by.prefix, by.id),
           keys::mark(by.prefix, x.mark.session), keys::events(by.prefix)},
          redis_words(by.id, by.lease, keys::gpu_prefix(by.prefix), x.most,
                      x.orphans ? 1 : 0, x.mark.confirmed, x.mark.number)};
}

/// Of {entries, all workloads in the ledger, ms until the first lease runs out
/// (-1: there is none), {id, seconds without a job, ...} of the entries that
/// were given}, the workloads only when there are entries.
inline result<msg::gpus_taken> read_take_gpus(reply x) {
  if (auto wrong = unless_array(x, 4, "take_gpus"))
    return fail(std::move(*wrong));
  msg::gpus_taken out;
  out.entries = read_gpu_entries(x.elements[0]);
  for (auto& workload : x.elements[1].elements)
    out.known_workloads.emplace_back(workload.text);
  out.next_due_ms = x.elements[2].integer;
  auto& given = x.elements[3];
  for (size_t i = 0; i + 1 < given.elements.size(); i += 2)
    out.given.emplace(text_at(given, i),
                      std::max(0.0, number_at(given, i + 1)));
  return out;
}

} // namespace render::job_store
