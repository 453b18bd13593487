#pragma once
// Claims one job whatever its type, or nothing when it is not claimable.
//
// Changes what `claim` does, of this job; and where its record is missing, the
// records that it makes for other ids without one.
#include "actors/io/redis/scripts/claimed_jobs.hpp"
#include "actors/io/redis/scripts/lua.hpp"

namespace render::job_store {

struct claim_one_args {
  claimer by;
  std::string job_id;
};

// Its answer: `read_claim`; `unfit` has the job when its record is missing, or
// has a flaw.

inline constexpr std::string_view claim_one_lua = R"lua(
local id, claimed, unfit, dropped, failed = ARGV[12], {}, {}, {}, 0
local length = redis.call('LLEN', queue)
local function place()
  for at = 0, ids_max - 1, 100 do
    local ids = redis.call('LRANGE', queue, at, at + 99)
    if #ids == 0 then return nil end
    for i, x in ipairs(ids) do
      if x == id then return at + i - 1 end
    end
  end
end
-- Where there is one, there may be thousands, and no slot to claim with.
local function fail_others()
  for i, x in ipairs(redis.call('LRANGE', queue, 0, 999)) do
    if x ~= id and look(x) == 'missing' then
      failed = failed + 1
      fail_missing(x, i - 1)
    end
  end
end
local at = place()
local state, r
if at then state, r = look_well(id) end
if state == 'free' then
  local entry, flaw = take(id, r, at)
  if flaw then unfit = {{flaw, entry}} else claimed = {entry} end
elseif state == 'missing' then
  unfit = {take_missing(id, at)}
  fail_others()
elseif state == 'over' or state == 'alien' then
  remove(id, at)
  if state == 'alien' then dropped = {clip(id, 80)} end
end
write_taken()
if #claimed + #unfit > 0 then advance(mark, confirmed, number) end
return {length - write_removed(), claimed, unfit, dropped, false, false, failed}
)lua";

inline script_call call_of(const claim_one_args& x) {
  static const auto lua
    = make_script("claim_one", claimer_lua, job_limits_lua(), bounds_lua,
                  notify_url_lua, clock_lua, mark_lua, look_lua, event_lua,
                  ended_lua, take_lua, claim_one_lua);
  auto argv = argv_of(x.by);
  argv.push_back(x.job_id);
  return {&lua, keys_of(x.by), std::move(argv)};
}

} // namespace render::job_store
