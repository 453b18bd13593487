#pragma once
// Writes progress, renews the lease, and asks who owns the job.
//
// Changes, if the job is the worker's: the record, its lock, the leases.
#include "actors/io/redis/scripts/ask_owner.hpp"
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/script.hpp"
#include "messages/queue.hpp"
#include "messages/text/utf8.hpp"

#include <cmath>

namespace render::job_store {

struct progress_args {
  worker_terms worker;
  /// Without a stage it only renews.
  msg::report_progress said;
  /// Unix seconds.
  double now_s = 0;
  /// The entry of its GPU in the launch ledger, and the stages so far, see
  /// `told_attempts`; empty: not known.
  std::string gpu = {};
  std::string stages = {};
};

// Its answer: `read_owner`.

inline constexpr std::string_view progress_lua = R"lua(
local record, lock, leases = unpack(KEYS)
local worker, lock_s, stage, progress, now, fence, lease_ms, id, gpu, stages
  = unpack(ARGV)
local r = redis.call('HMGET', record, 'status', 'locked_by', 'fence')
local status = clip(r[1] or '', 80)
if r[2] ~= worker or r[3] ~= fence or status ~= 'running' then
  return {0, status}
end
if stage ~= '' then
  local set = {'HSET', record, 'stage', stage, 'progress_at', now}
  local function put(name, value)
    table.insert(set, name)
    table.insert(set, value)
  end
  if tonumber(progress) >= 0 then put('progress', progress) end
  if gpu ~= '' then put('gpu', gpu) end
  if stages ~= '' then put('stages', stages) end
  redis.call(unpack(set))
end
redis.call('SET', lock, worker, 'EX', lock_s)
redis.call('ZADD', leases, clock_ms + lease_ms, id)
return {1, status}
)lua";

// Of the whole, as a person would write it.
inline double rounded(double share) {
  return std::round(share * 1000) / 1000;
}

inline script_call call_of(const progress_args& x) {
  static const auto lua = make_script("progress", clock_lua, bounds_lua,
                                      progress_lua);
  auto& by = x.worker;
  auto& id = x.said.job_id;
  return {&lua,
          {keys::record(id), keys::lock(id), keys::leases(by.prefix)},
          redis_words(by.id, by.lock, valid_utf8(x.said.stage),
                      rounded(x.said.progress), x.now_s, x.said.fence, by.lease,
                      id, x.gpu, x.stages)};
}

} // namespace render::job_store
