#pragma once
// Claims waiting jobs that fit quotas.
//
// Changes: the queue; of each job that is taken its record, its lock, the
// leases and the running set; the records that it makes for ids without one,
// and the indexes of ended jobs; the events; the mark, when something was
// taken.
#include "actors/io/redis/scripts/claimed_jobs.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "messages/queue.hpp"

namespace render::job_store {

struct claim_args {
  claimer by;
  /// Most unfit jobs to take.
  uint32_t unfit_max = 16;
  /// `passed`: the id after which to go on once the first hundred ids are seen
  /// (may be empty, or gone: then nothing is left out). `left`: the queue as
  /// the last claim has left it (empty: not known; when it is still the same,
  /// nothing is looked at).
  ended_walk last;
  std::vector<msg::claim_quota> quotas;
};

// Its answer: `read_claim`. There, of the walk, `passed` is the last of the ids
// left in the queue before which no job for these quotas waits, "" when there
// is none (jobs that others hold do not count as waiting); `left` is the queue,
// for the next claim of these types, "" when it may come to have something for
// them just as it is.

inline constexpr std::string_view claim_names_lua = R"lua(
local unfit_max, known_types, after, as_left = unpack(ARGV, 12, 15)
unfit_max = tonumber(unfit_max)
)lua";

// Of the workers that a push wakes all but one find the queue empty again. One
// whose free slots fit nothing that waits asks ten times a second: the queue
// that it has left is known by its length and both its ends. Ids are only
// pushed to these, and what is removed in between makes it shorter.
inline constexpr std::string_view glance_lua = R"lua(
local function ends_of_queue(length)
  return length .. ' ' .. clip(redis.call('LINDEX', queue, 0), 1024) .. ' '
         .. clip(redis.call('LINDEX', queue, -1), 1024)
end
local length = redis.call('LLEN', queue)
if length == 0 then return {0, {}, {}, {}, '', '', 0} end
local due, ends = string.match(as_left, '^(%S+) (.*)$')
if due and ends == ends_of_queue(length)
    and (due == '0' or (tonumber(due) or 0) > tonumber(now)) then
  return {length, {}, {}, {}, after, as_left, 0}
end
)lua";

inline constexpr std::string_view claim_lua = R"lua(
local known, left, fits, page = {}, {}, {}, 100
for t in string.gmatch(known_types, '[^,]+') do known[t] = true end
local total = 0
for i = 16, #ARGV, 2 do
  local q = #left + 1
  left[q] = tonumber(ARGV[i])
  total = total + left[q]
  for t in string.gmatch(ARGV[i + 1], '[^,]+') do
    fits[t] = fits[t] or {}
    table.insert(fits[t], q)
  end
end
local function quota(kind)
  for _, q in ipairs(fits[kind] or {}) do
    if left[q] > 0 then return q end
  end
end
local claimed, unfit, dropped, gone, at, seen = {}, {}, {}, {}, 0, 0
local passed, none_for_us = '', true
local failed, failed_max = 0, 1000
local first_due, may_change, likely = 0, false, true
local function skip_what_was_walked()
  local found = redis.pcall('LPOS', queue, after, 'RANK', -1)
  if type(found) ~= 'number' or found < at then return end
  at = found + 1
  may_change = true
  if none_for_us then passed = after end
end
while total > 0 and seen < ids_max do
  -- One more than the slots: most find what they want at the head.
  local page = page - (seen < page and seen or 0)
  if seen == 0 then page = math.min(total + 1, page) end
  local ids = redis.call('LRANGE', queue, at, at + page - 1)
  if #ids == 0 then break end
  for _, id in ipairs(ids) do
    if total == 0 or seen == ids_max then break end
    seen = seen + 1
    local state, r
    if is_taken[id] then
      state, r = 'over', {}
    elseif likely then
      state, r = look_well(id)
    else
      state, r = look(id, 'type', 'complete_by')
    end
    likely = false
    if state == 'missing' and gone[id] then state = 'over' end
    local expires = tonumber(r[4] or '')
    local late = expires and expires > 0 and expires <= tonumber(now)
    local reason = state == 'missing' and 'missing'
                   or state == 'free' and (not known[r[3] or ''] and 'type'
                                           or late and 'expired')
    local q = state == 'free' and not reason and quota(r[3])
    if state == 'over' or state == 'alien' then
      remove(id, at)
      if state == 'alien' then table.insert(dropped, clip(id, 80)) end
    elseif reason and #unfit < unfit_max then
      gone[id] = true
      table.insert(unfit, reason == 'missing' and take_missing(id, at)
                          or {reason, (take(id, r, at))})
    elseif reason == 'missing' and failed < failed_max then
      failed = failed + 1
      fail_missing(id, at)
    elseif q then
      left[q] = left[q] - 1
      total = total - 1
      likely = true
      local entry, flaw = take(id, r, at)
      if flaw then
        table.insert(unfit, {flaw, entry})
      else
        table.insert(claimed, entry)
      end
    else
      if reason or state == 'free' and fits[r[3]] then none_for_us = false end
      if none_for_us then passed = id end
      if state == 'held' then may_change = true end
      if expires and expires > 0 and (first_due == 0 or expires < first_due)
      then
        first_due = expires
      end
    end
    at = at + 1
  end
  if after ~= '' and (seen >= 100 or seen == ids_max) then
    skip_what_was_walked()
    after = ''
  end
end
write_taken()
if #claimed + #unfit > 0 then advance(mark, confirmed, number) end
length = length - write_removed()
local as_it_is = ''
if length > 0 and none_for_us and not may_change and total > 0
    and seen < ids_max then
  as_it_is = tostring(first_due) .. ' ' .. ends_of_queue(length)
end
return {length, claimed, unfit, dropped, passed, as_it_is, failed}
)lua";

inline script_call call_of(const claim_args& x) {
  static const auto lua
    = make_script("claim", claimer_lua, claim_names_lua, job_limits_lua(),
                  bounds_lua, notify_url_lua, glance_lua, clock_lua, mark_lua,
                  look_lua, event_lua, ended_lua, take_lua, claim_lua);
  auto argv = argv_of(x.by);
  for (auto& y :
       redis_words(x.unfit_max, job_types_text(), x.last.passed, x.last.left))
    argv.push_back(y);
  for (auto& quota : x.quotas) {
    argv.push_back(redis_word(quota.count));
    argv.push_back(list_text(quota.types));
  }
  return {&lua, keys_of(x.by), std::move(argv)};
}

} // namespace render::job_store
