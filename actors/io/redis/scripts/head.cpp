#include "actors/io/redis/scripts/head.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"

namespace render::job_store {

namespace {

constexpr std::string_view head_lua = R"lua(
return clip(redis.call('LINDEX', KEYS[1], 0), 1024)
)lua";

} // namespace

script_call call_of(const head_args&) {
  static const auto lua = make_script("head", joined_lua(bounds_lua, head_lua));
  return {&lua, {std::string{keys::queue}}, {}};
}

} // namespace render::job_store
