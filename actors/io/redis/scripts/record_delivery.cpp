#include "actors/io/redis/scripts/record_delivery.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "messages/text/utf8.hpp"

namespace render::job_store {

namespace {

constexpr std::string_view record_delivery_lua = R"lua(
local outbox, dead, outbox_entry, mark = unpack(KEYS)
local id, state, attempts, why, due_ms, dead_max, prefix, confirmed, number
  = unpack(ARGV)
if state ~= 'retry_later' then advance(mark, confirmed, number) end
if state == 'delivered' then
  redis.call('ZREM', outbox, id)
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
local over = redis.call('ZCARD', dead) - tonumber(dead_max)
if over <= 0 then return 0 end
local oldest = redis.call('ZRANGE', dead, 0, over - 1)
for _, x in ipairs(oldest) do
  redis.call('ZREM', dead, x)
  redis.call('DEL', prefix .. x)
end
return #oldest
)lua";

} // namespace

script_call call_of(const record_delivery_args& x) {
  static const auto lua = make_script(
    "record_delivery", joined_lua(clock_lua, mark_lua, record_delivery_lua));
  return {&lua,
          {keys::outbox(x.prefix), keys::dead_webhooks(x.prefix),
           keys::outbox_entry(x.prefix, x.job_id),
           keys::mark(x.prefix, x.mark.session)},
          redis_words(x.job_id, x.state, x.attempts, valid_utf8(x.error),
                      x.delay, x.dead_letters_max,
                      keys::outbox_entry_prefix(x.prefix), x.mark.confirmed,
                      x.mark.number)};
}

} // namespace render::job_store
