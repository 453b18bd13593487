#pragma once
// Asks who owns a job. Changes nothing.
#include "actors/io/redis/link/reply.hpp"
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/reading.hpp"
#include "actors/io/redis/scripts/script.hpp"

namespace render::job_store {

struct ask_owner_args {
  worker_terms worker;
  std::string job_id;
  uint64_t fence = 0;
};

struct owner_answer {
  bool ours = false;
  std::string status;
};

inline constexpr std::string_view ask_owner_lua = R"lua(
local record = KEYS[1]
local worker, fence = unpack(ARGV)
local r = redis.call('HMGET', record, 'status', 'locked_by', 'fence')
local ours = r[1] == 'running' and r[2] == worker and r[3] == fence
return {ours and 1 or 0, clip(r[1] or '', 80)}
)lua";

inline script_call call_of(const ask_owner_args& x) {
  static const auto lua = make_script("ask_owner", bounds_lua, ask_owner_lua);
  return {&lua, {keys::record(x.job_id)}, redis_words(x.worker.id, x.fence)};
}

/// Of {1 or 0: the worker's, status found or ""}.
inline result<owner_answer> read_owner(reply x) {
  if (auto wrong = unless_array(x, 2, "progress"))
    return fail(std::move(*wrong));
  return owner_answer{integer_at(x, 0) == 1, text_at(x, 1)};
}

} // namespace render::job_store
