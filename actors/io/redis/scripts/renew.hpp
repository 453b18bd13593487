#pragma once
// Renews the leases of jobs that the worker holds.
//
// Changes, of each job that is still the worker's under this claim: its lock,
// the leases.
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/script.hpp"

namespace render::job_store {

struct renew_args {
  struct claim {
    std::string job_id;
    uint64_t fence = 0;
  };

  worker_terms worker;
  std::vector<claim> claims;
};

// Its answer: `read_ids`, the jobs that are not the worker's any more.

inline constexpr std::string_view renew_lua = R"lua(
local leases = KEYS[1]
local worker, lock_s, lease_ms = unpack(ARGV, 1, 3)
local lost = {}
for i = 4, #ARGV, 2 do
  local id, fence = ARGV[i], ARGV[i + 1]
  local key = 'job:' .. id
  local r = redis.pcall('HMGET', key, 'status', 'locked_by', 'fence')
  if not r.err and r[1] == 'running' and r[2] == worker and r[3] == fence then
    redis.call('SET', key .. ':lock', worker, 'EX', lock_s)
    redis.call('ZADD', leases, clock_ms + lease_ms, id)
  else
    table.insert(lost, id)
  end
end
return lost
)lua";

inline script_call call_of(const renew_args& x) {
  static const auto lua = make_script("renew", clock_lua, renew_lua);
  auto& by = x.worker;
  auto argv = redis_words(by.id, by.lock, by.lease);
  for (auto& claim : x.claims) {
    argv.push_back(claim.job_id);
    argv.push_back(redis_word(claim.fence));
  }
  return {&lua, {keys::leases(by.prefix)}, std::move(argv)};
}

} // namespace render::job_store
