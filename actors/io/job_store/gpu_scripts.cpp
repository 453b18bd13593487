// The scripts of the launch ledger.
#include "actors/io/job_store/lua.hpp"

namespace render::job_store {

namespace {

constexpr std::string_view write_gpu_lua = R"lua(
local owner = redis.call('HGET', KEYS[2], 'owner')
if owner and owner ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[2], 'owner', ARGV[1], unpack(ARGV, 4))
redis.call('ZADD', KEYS[1], clock_ms + ARGV[2], ARGV[3])
return 1
)lua";

constexpr std::string_view renew_gpus_lua = R"lua(
local lost = {}
for i = 4, #ARGV do
  if redis.call('HGET', ARGV[3] .. ARGV[i], 'owner') == ARGV[1] then
    redis.call('ZADD', KEYS[1], clock_ms + ARGV[2], ARGV[i])
  else
    table.insert(lost, ARGV[i])
  end
end
return lost
)lua";

constexpr std::string_view take_gpus_lua = R"lua(
local entries, known = {}, {}
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', clock_ms, 'LIMIT', 0,
                       ARGV[4])
for _, id in ipairs(due) do
  local r = redis.call('HMGET', ARGV[3] .. id, 'type', 'state', 'expires',
                       'intent_at', 'workload', 'node', 'launched_at')
  if r[1] then
    redis.call('HSET', ARGV[3] .. id, 'owner', ARGV[1])
    redis.call('ZADD', KEYS[1], clock_ms + ARGV[2], id)
    table.insert(entries, {id, r[1], r[2], r[3], r[4], r[5], r[6], r[7]})
  else
    redis.call('ZREM', KEYS[1], id)
  end
end
if #entries > 0 then
  for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    local workload = redis.call('HGET', ARGV[3] .. id, 'workload')
    if workload and workload ~= '' then table.insert(known, workload) end
  end
end
return {entries, known}
)lua";

constexpr std::string_view close_gpu_lua = R"lua(
local owner = redis.call('HGET', KEYS[2], 'owner')
if owner and owner ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
redis.call('ZREM', KEYS[1], ARGV[2])
if owner then
  redis.call('LPUSH', KEYS[3], ARGV[3])
  redis.call('LTRIM', KEYS[3], 0, ARGV[4] - 1)
end
return 1
)lua";

} // namespace

const script& write_gpu_script() {
  static const auto x = make_script("write_gpu",
                                    joined_lua(clock_lua, write_gpu_lua));
  return x;
}

const script& renew_gpus_script() {
  static const auto x = make_script("renew_gpus",
                                    joined_lua(clock_lua, renew_gpus_lua));
  return x;
}

const script& take_gpus_script() {
  static const auto x = make_script("take_gpus",
                                    joined_lua(clock_lua, take_gpus_lua));
  return x;
}

const script& close_gpu_script() {
  static const auto x = make_script("close_gpu", std::string{close_gpu_lua});
  return x;
}

} // namespace render::job_store
