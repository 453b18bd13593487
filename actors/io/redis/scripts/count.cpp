#include "actors/io/redis/scripts/count.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/reading.hpp"

#include <algorithm>
#include <sstream>

namespace render::job_store {

constexpr std::string_view args_lua = R"lua(
local queue, kept_count = unpack(KEYS)
local worker, after, at, piece, now, type_list, counts, kept_ms, ids_max
  = unpack(ARGV)
at, piece, now = tonumber(at), tonumber(piece), tonumber(now)
ids_max = tonumber(ids_max)
local types, count = {}, {}
local so_far = string.gmatch(counts, '%d+')
for t in string.gmatch(type_list, '[^,]+') do
  table.insert(types, t)
  count[t] = tonumber(so_far() or '0')
end
)lua";

// Jobs leave at the head meanwhile: what was counted last is further ahead
// then. Without LPOS (before Redis 6.0.6) as many are left out as have gone.
constexpr std::string_view count_lua = R"lua(
local found = redis.pcall('LPOS', queue, after, 'RANK', -1)
if type(found) == 'number' and found < at then at = found + 1 end
local ids = redis.call('LRANGE', queue, at, at + piece - 1)
for _, id in ipairs(ids) do
  local state, r = look(id, 'type', 'complete_by')
  if state == 'free' then tally(count, r, now) end
end
at = at + #ids
local counted = tallied(types, count)
local over = #ids < piece or at >= ids_max
if over then keep_count(kept_count, counted, redis.call('LLEN', queue), kept_ms)
end
return {counted, at, clip(ids[#ids] or '', 1024), over and 1 or 0}
)lua";

script_call call_of(const count_args& x) {
  static const auto lua = make_script("count", args_lua, bounds_lua, look_lua,
                                      tally_lua, kept_count_lua, count_lua);
  auto& so_far = x.so_far;
  return {&lua,
          {std::string{keys::queue}, keys::waiting_count(x.worker.prefix)},
          redis_words(x.worker.id, so_far.last_id, so_far.ids, x.terms.piece,
                      x.now_s, job_types_text(), so_far.counts, x.terms.kept,
                      x.terms.ids_max)};
}

std::map<std::string, uint64_t> by_type(const queue_count& x) {
  std::map<std::string, uint64_t> out;
  std::istringstream counts{x.counts};
  uint64_t count = 0;
  for (auto type : job_types)
    if (counts >> count)
      out[std::string{type}] = count;
  return out;
}

result<queue_count> read_count(reply x) {
  if (auto wrong = unless_array(x, 4, "count"))
    return fail(std::move(*wrong));
  queue_count out;
  out.counts = text_at(x, 0);
  out.ids = static_cast<uint64_t>(std::max<int64_t>(0, integer_at(x, 1)));
  out.last_id = text_at(x, 2);
  out.complete = integer_at(x, 3) != 0;
  return out;
}

} // namespace render::job_store
