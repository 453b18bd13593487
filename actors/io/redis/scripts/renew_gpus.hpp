#pragma once
// Renews the leases of ledger entries that the worker owns.
//
// Changes: the ledger.
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/script.hpp"

namespace render::job_store {

struct renew_gpus_args {
  worker_terms worker;
  std::vector<std::string> ids;
};

// Its answer: `read_ids`, those that are not the worker's any more.

inline constexpr std::string_view renew_gpus_lua = R"lua(
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

inline script_call call_of(const renew_gpus_args& x) {
  static const auto lua = make_script("renew_gpus", clock_lua, renew_gpus_lua);
  auto& by = x.worker;
  auto argv = redis_words(by.id, by.lease, keys::gpu_prefix(by.prefix));
  argv.insert(argv.end(), x.ids.begin(), x.ids.end());
  return {&lua, {keys::gpus(by.prefix)}, std::move(argv)};
}

} // namespace render::job_store
