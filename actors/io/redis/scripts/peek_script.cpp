// The script that looks at the queue without touching it.
#include "actors/io/redis/scripts/lua.hpp"

namespace render::job_store {

namespace {

constexpr std::string_view peek_lua = R"lua(
local worker, limit = ARGV[1], tonumber(ARGV[2])
local ids_max, short_max = tonumber(ARGV[3]), tonumber(ARGV[4])
local now, counted_above = tonumber(ARGV[5]), tonumber(ARGV[7])
local types, count = {}, {}
for t in string.gmatch(ARGV[6], '[^,]+') do
  table.insert(types, t)
  count[t] = 0
end
local known = {}
for i = 9, #ARGV do known[ARGV[i]] = i - 9 end
)lua";

// Each worker without a free slot looks every few seconds, mostly at jobs that
// it has seen before: a number in the answer. Beyond those that are shown, jobs
// are only counted. That is a walk through all of the queue: of a long one its
// beginning is counted here, the asker goes on from there (count_script), and
// the whole count serves all workers for a while.
constexpr std::string_view peek_walk_lua = R"lua(
local function data_of(id)
  local key = 'job:' .. id
  local size = redis.call('HSTRLEN', key, 'data')
  if size == 0 then return false end
  return size <= short_max and redis.call('HGET', key, 'data') or size
end
local length = redis.call('LLEN', KEYS[1])
local counted = false
if length > counted_above then
  local text = redis.pcall('GET', KEYS[2])
  counted = type(text) == 'string' and string.match(text, '^[%d ]+$') or false
end
local waiting, still, at, page, last = {}, {}, 0, 100, ''
local function is_full() return #waiting + #still >= limit end
while at < ids_max
    and not (is_full() and (counted or at >= counted_above)) do
  local ids = redis.call('LRANGE', KEYS[1], at, at + page - 1)
  if #ids == 0 then break end
  at, last = at + #ids, ids[#ids]
  for _, id in ipairs(ids) do
    local shown = not is_full()
    local position = shown and known[id]
    local state, r
    if shown and not position then
      state, r = look(id, 'type', 'complete_by', 'created_at', 'max_time')
    else
      state, r = look(id, 'type', 'complete_by')
    end
    if state == 'free' then tally(count, r, now) end
    if state == 'free' and position then
      table.insert(still, position)
    elseif state == 'free' and shown then
      table.insert(waiting, {id, 0, clip(r[3], 80), clip(r[5], 64),
                             clip(r[4], 64), clip(r[6], 64), data_of(id)})
    elseif state == 'missing' and shown then
      table.insert(waiting, {id, 0, false, false, false, false, false})
    end
  end
end
local rest = ''
if not counted then
  counted = tallied(types, count)
  if at < length and at < ids_max then
    rest = at .. ' ' .. clip(last, 1024)
  -- A Redis that refuses writes is only asked more often.
  elseif length > counted_above then
    redis.pcall('SET', KEYS[2], counted, 'PX', ARGV[8])
  end
end
return {length, waiting, still, clip(counted, 200), rest}
)lua";

} // namespace

const script& peek_script() {
  static const auto x = make_script(
    "peek",
    joined_lua(peek_lua, bounds_lua, look_lua, tally_lua, peek_walk_lua));
  return x;
}

} // namespace render::job_store
