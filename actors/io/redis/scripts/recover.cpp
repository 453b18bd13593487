#include "actors/io/redis/scripts/recover.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/reading.hpp"

namespace render::job_store {

namespace {

constexpr std::string_view recover_lua = R"lua(
local queue, leases, workers = unpack(KEYS)
local most, running_prefix, why, asker, counted_ms = unpack(ARGV)
local back = {}
local due = redis.call('ZRANGEBYSCORE', leases, '-inf', clock_ms, 'LIMIT', 0,
                       most)
for _, id in ipairs(due) do
  local key = 'job:' .. id
  local r = redis.pcall('HMGET', key, 'status', 'locked_by', 'attempt')
  if not r.err and r[1] == 'running' and r[2] and r[2] ~= '' then
    local attempt = whole(r[3]) or 1
    local text, former = why .. clip(r[2], 200), history_of(key)
    if former and former ~= '' then text = former .. '\n' .. text end
    redis.call('HSET', key, 'status', 'queued', 'history', text)
    redis.call('HDEL', key, 'locked_by', 'locked_at', 'started_at', 'stage',
               'progress', 'progress_at')
    redis.call('DEL', key .. ':lock')
    redis.call('LPUSH', queue, id)
    redis.call('SREM', running_prefix .. r[2], id)
    table.insert(back, {clip(id, 80), clip(r[2], 200), attempt})
  end
  redis.call('ZREM', leases, id)
end
-- A Redis that refuses writes counts nobody anew, and has still answered.
redis.pcall('ZADD', workers, clock_ms + counted_ms, asker)
redis.pcall('ZREMRANGEBYSCORE', workers, '-inf', clock_ms)
local count = redis.pcall('ZCARD', workers)
return {wait_ms(leases), back, type(count) == 'number' and count or 1}
)lua";

} // namespace

script_call call_of(const recover_args& x) {
  static const auto lua = make_script(
    "recover", joined_lua(clock_lua, wait_lua, bounds_lua, recover_lua));
  auto& by = x.worker;
  return {&lua,
          {std::string{keys::queue}, keys::leases(by.prefix),
           keys::workers(by.prefix)},
          redis_words(x.most, keys::running_prefix(by.prefix),
                      "its worker stopped answering: ", by.id, x.counted)};
}

result<recover_answer> read_recover(reply x) {
  if (auto wrong = unless_array(x, 3, "recover"))
    return fail(std::move(*wrong));
  recover_answer out;
  out.next_due_ms = x.elements[0].integer;
  for (auto& entry : x.elements[1].elements)
    if (entry.is_array(3)) {
      auto attempt = count_at(entry, 2);
      out.jobs.push_back({text_at(entry, 0), text_at(entry, 1), attempt});
    }
  out.workers = std::max(1u, count_at(x, 2));
  return out;
}

} // namespace render::job_store
