// The scripts that look at the queue by the piece: its head alone, and as many
// ids as Redis has time for.
#include "actors/io/redis/counting.hpp"
#include "actors/io/redis/scripts/lua.hpp"

namespace render::job_store {

namespace {

constexpr std::string_view head_lua = R"lua(
return clip(redis.call('LINDEX', KEYS[1], 0), 1024)
)lua";

constexpr std::string_view count_lua = R"lua(
local worker, after, at = ARGV[1], ARGV[2], tonumber(ARGV[3])
local piece, now = tonumber(ARGV[4]), tonumber(ARGV[5])
local ids_max = tonumber(ARGV[9])
local types, count = {}, {}
local so_far = string.gmatch(ARGV[7], '%d+')
for t in string.gmatch(ARGV[6], '[^,]+') do
  table.insert(types, t)
  count[t] = tonumber(so_far() or '0')
end
)lua";

// Jobs leave at the head meanwhile: what was counted last is further ahead
// then. Without LPOS (before Redis 6.0.6) as many are left out as have gone.
constexpr std::string_view count_walk_lua = R"lua(
local found = redis.pcall('LPOS', KEYS[1], after, 'RANK', -1)
if type(found) == 'number' and found < at then at = found + 1 end
local ids = redis.call('LRANGE', KEYS[1], at, at + piece - 1)
for _, id in ipairs(ids) do
  local state, r = look(id, 'type', 'complete_by')
  if state == 'free' then tally(count, r, now) end
end
at = at + #ids
local counted = tallied(types, count)
local over = #ids < piece or at >= ids_max
-- A Redis that refuses writes is only asked more often.
if over then redis.pcall('SET', KEYS[2], counted, 'PX', ARGV[8]) end
return {counted, at, clip(ids[#ids] or '', 1024), over and 1 or 0}
)lua";

} // namespace

const script& head_script() {
  static const auto x = make_script("head", joined_lua(bounds_lua, head_lua));
  return x;
}

const script& count_script() {
  static const auto x = make_script(
    "count",
    joined_lua(count_lua, bounds_lua, look_lua, tally_lua, count_walk_lua));
  return x;
}

} // namespace render::job_store
