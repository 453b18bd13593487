#include "actors/io/redis/scripts/ask_owner.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/reading.hpp"

namespace render::job_store {

namespace {

constexpr std::string_view ask_owner_lua = R"lua(
local record = KEYS[1]
local worker, fence = unpack(ARGV)
local r = redis.call('HMGET', record, 'status', 'locked_by', 'fence')
local ours = r[1] == 'running' and r[2] == worker and r[3] == fence
return {ours and 1 or 0, clip(r[1] or '', 80)}
)lua";

} // namespace

script_call call_of(const ask_owner_args& x) {
  static const auto lua = make_script("ask_owner",
                                      joined_lua(bounds_lua, ask_owner_lua));
  return {&lua, {keys::record(x.job_id)}, redis_words(x.worker.id, x.fence)};
}

result<owner_answer> read_owner(reply x) {
  if (auto wrong = unless_array(x, 2, "progress"))
    return fail(std::move(*wrong));
  return owner_answer{integer_at(x, 0) == 1, text_at(x, 1)};
}

} // namespace render::job_store
