#pragma once
// Records one try to deliver a webhook.
//
// Changes: the outbox, its entry, and unless it is tried again the mark and the
// events; with a dead letter also the dead letters, and the entries of those
// that are too many.
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/told.hpp"
#include "messages/text/utf8.hpp"

namespace render::job_store {

struct record_delivery_args {
  /// In front of every key of our own.
  std::string prefix = "c3:";
  mark_move mark;
  std::string job_id;
  /// delivered|retry_later|dead.
  std::string state;
  /// Tries made.
  uint32_t attempts = 0;
  std::string error;
  /// When to try again.
  milliseconds delay{0};
  uint32_t dead_letters_max = 10'000;
};

// Its answer: how many dead letters were trimmed.

inline constexpr std::string_view record_delivery_lua = R"lua(
local outbox, dead, outbox_entry, mark, events = unpack(KEYS)
local id, state, attempts, why, due_ms, dead_max, prefix, confirmed, number
  = unpack(ARGV)
if state ~= 'retry_later' then advance(mark, confirmed, number) end
if state == 'delivered' then
  if redis.call('ZREM', outbox, id) == 1 then
    event(events, 'webhook_delivered', 'job', id, 'attempt', attempts)
  end
  redis.call('DEL', outbox_entry)
  return 0
end
if not redis.call('ZSCORE', outbox, id) then return 0 end
redis.call('HSET', outbox_entry, 'attempts', attempts, 'error', why)
if state == 'retry_later' then
  redis.call('ZADD', outbox, clock_ms + due_ms, id)
  return 0
end
redis.call('ZREM', outbox, id)
redis.call('ZADD', dead, clock_ms, id)
event(events, 'webhook_dead', 'job', id, 'attempt', attempts, 'reason',
      string.sub(why, 1, 200))
local over = redis.call('ZCARD', dead) - tonumber(dead_max)
if over <= 0 then return 0 end
local oldest = redis.call('ZRANGE', dead, 0, over - 1)
for _, x in ipairs(oldest) do
  redis.call('ZREM', dead, x)
  redis.call('DEL', prefix .. x)
end
return #oldest
)lua";

inline script_call call_of(const record_delivery_args& x) {
  static const auto lua = make_script("record_delivery", clock_lua, mark_lua,
                                      event_lua, record_delivery_lua);
  return {&lua,
          {keys::outbox(x.prefix), keys::dead_webhooks(x.prefix),
           keys::outbox_entry(x.prefix, x.job_id),
           keys::mark(x.prefix, x.mark.session), keys::events(x.prefix)},
          redis_words(x.job_id, x.state, x.attempts, valid_utf8(x.error),
                      x.delay, x.dead_letters_max,
                      keys::outbox_entry_prefix(x.prefix), x.mark.confirmed,
                      x.mark.number)};
}

} // namespace render::job_store
