#include "actors/io/redis/scripts/release.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"

namespace render::job_store {

namespace {

constexpr std::string_view release_lua = R"lua(
local queue, running, leases = unpack(KEYS)
local worker, id, fence = unpack(ARGV)
return put_back(id, worker, queue, running, leases, fence)
)lua";

} // namespace

script_call call_of(const release_args& x) {
  static const auto lua
    = make_script("release", joined_lua(bounds_lua, put_back_lua, release_lua));
  auto& by = x.worker;
  return {&lua,
          {std::string{keys::queue}, keys::running(by.prefix, by.id),
           keys::leases(by.prefix)},
          redis_words(by.id, x.job_id, x.fence)};
}

} // namespace render::job_store
