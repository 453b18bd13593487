#include "actors/io/redis/scripts/renew_gpus.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"

namespace render::job_store {

namespace {

constexpr std::string_view renew_gpus_lua = R"lua(
local ledger = KEYS[1]
local worker, lease_ms, prefix = unpack(ARGV, 1, 3)
local lost = {}
for i = 4, #ARGV do
  if redis.call('HGET', prefix .. ARGV[i], 'owner') == worker then
    redis.call('ZADD', ledger, clock_ms + lease_ms, ARGV[i])
  else
    table.insert(lost, ARGV[i])
  end
end
return lost
)lua";

} // namespace

script_call call_of(const renew_gpus_args& x) {
  static const auto lua = make_script("renew_gpus",
                                      joined_lua(clock_lua, renew_gpus_lua));
  auto& by = x.worker;
  auto argv = redis_words(by.id, by.lease, keys::gpu_prefix(by.prefix));
  argv.insert(argv.end(), x.ids.begin(), x.ids.end());
  return {&lua, {keys::gpus(by.prefix)}, std::move(argv)};
}

} // namespace render::job_store
