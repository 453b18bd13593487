#pragma once
// Asks which of some jobs are the worker's. Changes nothing.
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/renew.hpp"
#include "actors/io/redis/scripts/script.hpp"

#include <array>

namespace render::job_store {

/// Behind SORT and the set of a worker's jobs: {id, status, locked_by, fence}
/// of each, in no order.
inline constexpr std::array records_of_all{
  "BY",  "nosort",           "GET", "#",           "GET", "job:*->status",
  "GET", "job:*->locked_by", "GET", "job:*->fence"};

struct ask_owners_args {
  worker_terms worker;
  std::vector<renew_args::claim> claims;
};

// Its answer: `read_ids`, the jobs that are not the worker's under that claim.

inline constexpr std::string_view ask_owners_lua = R"lua(
local worker = ARGV[1]
local lost = {}
for i = 2, #ARGV, 2 do
  local id, fence = ARGV[i], ARGV[i + 1]
  local r = redis.pcall('HMGET', 'job:' .. id, 'status', 'locked_by', 'fence')
  if r.err or r[1] ~= 'running' or r[2] ~= worker or r[3] ~= fence then
    table.insert(lost, id)
  end
end
return lost
)lua";

inline script_call call_of(const ask_owners_args& x) {
  static const auto lua = make_script("ask_owners", ask_owners_lua);
  auto argv = redis_words(x.worker.id);
  for (auto& claim : x.claims) {
    argv.push_back(claim.job_id);
    argv.push_back(redis_word(claim.fence));
  }
  return {&lua, {}, std::move(argv)};
}

} // namespace render::job_store
