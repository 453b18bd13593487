#pragma once
// Says how a worker fares, for whoever looks at the workers from outside. A
// Redis that refuses writes goes on showing what was said before, until that
// expires; a worker with nothing else to write learns by it that nobody could
// renew a lease.
//
// Changes: the worker's record, the workers; the events, when it has started or
// begins to drain.
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/reading.hpp"
#include "actors/io/redis/scripts/told.hpp"
#include "actors/io/redis/scripts/wishes.hpp"
#include "messages/node.hpp"
#include "messages/text/printable.hpp"
#include "messages/text/utc_time.hpp"

#include <algorithm>

namespace render::job_store {

struct heartbeat_args {
  worker_terms worker;
  /// Field, value, ... With `incarnation` and `draining`.
  std::vector<std::string> fields;
  /// For how long the record lives without another one …
  milliseconds kept{35'000};
  /// … and the worker is counted.
  milliseconds counted{90'000};
};

// Its answer: `read_heartbeat`.

inline constexpr std::string_view heartbeat_lua = R"lua(
local record, workers, events, paused, outbox, dead, wishes = unpack(KEYS)
local worker, kept_ms, counted_ms = unpack(ARGV, 1, 3)
local value = {}
for i = 4, #ARGV, 2 do value[ARGV[i]] = ARGV[i + 1] end
local r = redis.pcall('HMGET', record, 'incarnation', 'draining')
local seen_at = clock[1] .. '.' .. string.format('%06d', clock[2])
local pause = redis.pcall('HMGET', paused, 'since', 'by', 'why')
for i = 1, 3 do pause[i] = clip(pause[i] or '', 200) end
local hooks = {redis.pcall('ZCARD', outbox), redis.pcall('ZCARD', dead)}
for i = 1, 2 do if type(hooks[i]) ~= 'number' then hooks[i] = -1 end end
local wished = redis.pcall('HLEN', wishes)
wished = type(wished) == 'number' and wished <= 200
         and redis.call('HGETALL', wishes) or {}
for i = 1, #wished do wished[i] = clip(wished[i], 300) end
local said = redis.pcall('HSET', record, 'seen_at', seen_at, unpack(ARGV, 4))
if type(said) == 'table' then
  return string.find(said.err, 'WRONGTYPE', 1, true) and {0, {pause[1], pause[2], pause[3]}, hooks, wished} or said
end
redis.call('PEXPIRE', record, kept_ms)
redis.call('ZADD', workers, clock_ms + counted_ms, worker)
-- A worker that could not say so for long has not started anew.
local age_ms = clock_ms - (tonumber(value.incarnation) or 0)
if r[1] ~= value.incarnation and (r[1] or age_ms < 60000) then
  event(events, 'worker_started', 'worker', worker)
end
if value.draining == '1' and r[2] ~= '1' then
  event(events, 'worker_draining', 'worker', worker)
end
return {1, {pause[1], pause[2], pause[3]}, hooks, wished}
)lua";

inline script_call call_of(const heartbeat_args& x) {
  static const auto lua = make_script("heartbeat", clock_lua, bounds_lua,
                                      event_lua, heartbeat_lua);
  auto& by = x.worker;
  auto argv = redis_words(by.id, x.kept, x.counted);
  argv.insert(argv.end(), x.fields.begin(), x.fields.end());
  return {&lua,
          {keys::worker(by.prefix, by.id), keys::workers(by.prefix),
           keys::events(by.prefix), keys::paused(by.prefix),
           keys::outbox(by.prefix), keys::dead_webhooks(by.prefix),
           keys::wishes(by.prefix, by.id)},
          std::move(argv)};
}

/// "2026-11-30 07:00:00 UTC"
inline std::string utc_text(double unix_s) {
  return utc_time(unix_s, "%Y-%m-%d %H:%M:%S UTC");
}

struct heartbeat_answer {
  msg::fleet_orders orders;
  /// Of the whole fleet; negative: not known.
  int64_t webhooks_pending = -1;
  int64_t webhooks_dead = -1;
  wishes wished;
};

/// Of {1 or 0: written, {since, by, why}: of the pause, empty without one,
/// {webhooks that are pending, dead ones}, {field, value, ...}: of the wishes}.
inline result<heartbeat_answer> read_heartbeat(reply x,
                                               const node_id& session) {
  if (auto wrong = unless_array(x, 4, "heartbeat"))
    return fail(std::move(*wrong));
  heartbeat_answer said;
  if (auto& hooks = x.elements[2]; hooks.is_array(2)) {
    said.webhooks_pending = hooks.elements[0].integer;
    said.webhooks_dead = hooks.elements[1].integer;
  }
  said.wished = read_wishes(std::move(x.elements[3]),
                            std::to_string(session.incarnation));
  auto& out = said.orders;
  auto& pause = x.elements[1];
  auto since_s = number_at(pause, 0);
  if (!pause.is_array(3) || since_s <= 0)
    return said;
  auto who = text_at(pause, 1);
  auto why = text_at(pause, 2);
  out.paused = "by " + (who.empty() ? "somebody" : who) + " since "
               + utc_text(since_s) + (why.empty() ? "" : ": " + why);
  out.paused = printable(out.paused, 300);
  return said;
}

} // namespace render::job_store
