#pragma once
// Renews the leases of jobs that the worker holds.
//
// Changes, of each job that is still the worker's under this claim: the leases,
// and its lock when told to.
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
  /// Their locks too.
  bool locks = true;
  /// SORT may be used.
  bool sorts = true;
  std::vector<claim> claims;
};

// Its answer: `read_ids`, the jobs that are not the worker's any more.

// One SORT reads the records of all; where it must not, or finds a job missing,
// each is read for itself.
inline constexpr std::string_view renew_lua = R"lua(
local leases, running = unpack(KEYS)
local worker, lock_s, lease_ms, sorts = unpack(ARGV, 1, 4)
local fences = {}
local all = sorts == '' and {} or redis.pcall('SORT', running,
  'BY', 'nosort', 'GET', '#', 'GET', 'job:*->status',
  'GET', 'job:*->locked_by', 'GET', 'job:*->fence')
for i = 1, #all, 4 do
  if all[i + 1] == 'running' and all[i + 2] == worker then
    fences[all[i]] = all[i + 3]
  end
end
local function is_ours(id, fence)
  if fences[id] == fence then return true end
  local r = redis.pcall('HMGET', 'job:' .. id, 'status', 'locked_by', 'fence')
  return not r.err and r[1] == 'running' and r[2] == worker and r[3] == fence
end
local lost = {}
local until_text = ms_text(clock_ms + lease_ms)
local renewed = {}
local function write_leases()
  if #renewed > 0 then redis.call('ZADD', leases, unpack(renewed)) end
  renewed = {}
end
for i = 5, #ARGV, 2 do
  local id, fence = ARGV[i], ARGV[i + 1]
  if is_ours(id, fence) then
    if lock_s ~= '' then
      redis.call('SET', 'job:' .. id .. ':lock', worker, 'EX', lock_s)
    end
    table.insert(renewed, until_text)
    table.insert(renewed, id)
    if #renewed == 2000 then write_leases() end
  else
    table.insert(lost, id)
  end
end
write_leases()
return lost
)lua";

inline script_call call_of(const renew_args& x) {
  static const auto lua = make_script("renew", clock_lua, renew_lua);
  auto& by = x.worker;
  auto argv = redis_words(by.id, x.locks ? redis_word(by.lock) : "", by.lease,
                          x.sorts ? "1" : "");
  for (auto& claim : x.claims) {
    argv.push_back(claim.job_id);
    argv.push_back(redis_word(claim.fence));
  }
  return {&lua,
          {keys::leases(by.prefix), keys::running(by.prefix, by.id)},
          std::move(argv)};
}

} // namespace render::job_store
