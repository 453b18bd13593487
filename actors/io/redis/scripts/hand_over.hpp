#pragma once
// Gives ledger entries of the worker to another one, which may take them at
// once. Nobody owns them meanwhile, so that nothing of the giver's that is on
// its way changes them; when the other one does not take them within the time
// of a lease, whoever comes first may, as of a dead worker.
//
// Changes, of each entry that is the worker's, and whose GPU is launched and
// not being stopped: its owner, since when it has had no job; the ledger; what
// is given to the other one; the mark.
#include "actors/io/redis/link/reply.hpp"
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/reading.hpp"
#include "actors/io/redis/scripts/script.hpp"
#include "messages/fleet.hpp"

namespace render::job_store {

struct hand_over_args {
  worker_terms worker;
  mark_move mark;
  msg::hand_over_gpus what;
};

// Asked again after a lost answer, it says the same: what waits for the other
// worker, or is that one's by now, has changed hands.
inline constexpr std::string_view hand_over_lua = R"lua(
local ledger, given, mark = unpack(KEYS)
local worker, to, lease_ms, prefix, confirmed, number = unpack(ARGV, 1, 6)
local handed, moved = {}, false
for i = 7, #ARGV, 2 do
  local id, idle_s = ARGV[i], ARGV[i + 1]
  local r = redis.call('HMGET', prefix .. id, 'owner', 'state')
  if r[1] == worker and (r[2] == 'running' or r[2] == 'ready') then
    redis.call('HSET', prefix .. id, 'owner', '', 'idle_since',
               string.format('%.3f', clock_ms / 1000 - idle_s))
    redis.call('ZADD', ledger, clock_ms + lease_ms, id)
    redis.call('SADD', given, id)
    moved = true
    table.insert(handed, id)
  elseif r[1] == to
      or (r[1] == '' and redis.call('SISMEMBER', given, id) == 1) then
    table.insert(handed, id)
  end
end
if moved then redis.call('PEXPIRE', given, 2 * lease_ms) end
if #handed > 0 then advance(mark, confirmed, number) end
return handed
)lua";

inline script_call call_of(const hand_over_args& x) {
  static const auto lua = make_script("hand_over", clock_lua, mark_lua,
                                      hand_over_lua);
  auto& by = x.worker;
  auto argv = redis_words(by.id, x.what.to, by.lease,
                          keys::gpu_prefix(by.prefix), x.mark.confirmed,
                          x.mark.number);
  for (auto& id : x.what.entries) {
    auto idle = x.what.idle_s.find(id);
    argv.push_back(id);
    argv.push_back(number_text(idle != x.what.idle_s.end() ? idle->second : 0));
  }
  return {&lua,
          {keys::gpus(by.prefix), keys::given(by.prefix, x.what.to),
           keys::mark(by.prefix, x.mark.session)},
          std::move(argv)};
}

/// Of the ids that have changed hands.
inline result<msg::gpus_handed_over> read_hand_over(reply x) {
  if (x.type == reply::kind::error)
    return fail(failure_of(x.text));
  msg::gpus_handed_over out;
  for (auto& id : x.elements)
    out.entries.emplace_back(id.text);
  return out;
}

} // namespace render::job_store
