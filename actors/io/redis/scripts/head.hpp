#pragma once
// The head of the queue, as far as it may be an id. Changes nothing.
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/script.hpp"

namespace render::job_store {

struct head_args {};

// Its answer: a text; nil when the queue is empty.

inline constexpr std::string_view head_lua = R"lua(
return clip(redis.call('LINDEX', KEYS[1], 0), 1024)
)lua";

inline script_call call_of(const head_args&) {
  static const auto lua = make_script("head", bounds_lua, head_lua);
  return {&lua, {std::string{keys::queue}}, {}};
}

} // namespace render::job_store
