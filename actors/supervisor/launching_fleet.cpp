// The plan of a fleet whose workers see each other. No wait is left to chance:
// each launch that is needed has one worker whose turn it is.
#include "actors/supervisor/launching.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace render::supervisor::launching {

namespace {

using kind = launch_reason_kind;

/// A slot that has been free for so long while jobs wait takes none of them.
/// Services of a GPU come up one after the other.
constexpr double grace_s = 12;
/// A worker whose turn it is launches within this time, or the next may.
constexpr double turn_s = 5;
/// A launch needs a look at the queue that is no older.
constexpr double fresh_s = 1;
/// Another look is not asked for sooner.
constexpr double ask_s = 3;
/// A backlog is planned for as if it were no longer.
constexpr uint64_t jobs_most = 1'000'000;

struct demand {
  uint64_t all = 0;
  /// Those that a GPU may be launched for.
  uint64_t worth = 0;
  /// Of one run, on the average.
  double run_s = 0;
};

demand demand_of(const situation& s) {
  demand out;
  double work_s = 0;
  for (size_t i = 0; i < s.waiting.size(); ++i) {
    auto& x = s.waiting[i];
    auto jobs = std::min(x.tried + x.others, jobs_most);
    out.all += jobs;
    out.worth += std::min(x.tried + x.worth, jobs);
    work_s += static_cast<double>(jobs) * s.fleet->run_s[i];
  }
  out.run_s = out.all > 0 ? work_s / static_cast<double>(out.all) : 0;
  return out;
}

/// No job is to begin later, seconds from now. A GPU that is launched now takes
/// more than one job where runs are short: those behind the first may begin
/// half a target later.
double latest_s(const situation& s, double run_s) {
  auto boot_s = s.fleet->boot_s;
  auto target_s = s.fleet->target_wait_s > 0 ? s.fleet->target_wait_s : boot_s;
  auto out = std::max(target_s, boot_s) + target_s / 2;
  if (s.first_deadline_s)
    out = std::min(out,
                   std::max(boot_s, *s.first_deadline_s - s.now_s - run_s));
  return out;
}

/// GPUs that are missing for so many of the jobs.
uint32_t missing_for(uint64_t jobs, const situation& s,
                     const std::vector<double>& free_in_s, double run_s) {
  auto& fleet = *s.fleet;
  auto by_wait = gpus_needed(jobs, free_in_s, run_s, fleet.boot_s,
                             s.slots_per_gpu, latest_s(s, run_s));
  // As many as are worth their rent may be launched for what has no slot.
  auto free = static_cast<uint64_t>(
    std::count(free_in_s.begin(), free_in_s.end(), 0.0));
  auto left = (jobs - std::min(jobs, free) + s.slots_per_gpu - 1)
              / s.slots_per_gpu;
  auto by_traffic = std::min<uint64_t>(
    left, fleet.worth_gpus - std::min(fleet.worth_gpus, fleet.gpus));
  return std::max(by_wait, static_cast<uint32_t>(by_traffic));
}

/// Of this worker's launches, those whose turn has come.
uint32_t turns(const situation& s, uint32_t needed, uint32_t rounds) {
  auto reached = uint64_t{needed} * (1 + rounds);
  auto& before = s.fleet->before;
  auto mine = std::count_if(before.begin(), before.end(), [&](auto x) {
    return x < reached;
  });
  return std::min(needed, static_cast<uint32_t>(mine));
}

launch_reason why_no_launch(const situation& s, const demand& jobs) {
  auto boots = std::any_of(s.gpus.begin(), s.gpus.end(), [](auto& x) {
    return x.boots;
  });
  if (boots)
    return why_left_to_boots(s);
  auto& free = s.fleet->free_in_s;
  auto soon = latest_s(s, jobs.run_s);
  auto count = std::count_if(free.begin(), free.end(), [&](double x) {
    return x <= soon;
  });
  return {kind::slots_elsewhere, static_cast<uint64_t>(count), 0,
          s.fleet->seen_s};
}

} // namespace

uint32_t gpus_needed(uint64_t jobs, const std::vector<double>& free_in_s,
                     double run_s, double boot_s, uint32_t slots_per_gpu,
                     double by_s) {
  run_s = std::max(run_s, 0.1);
  double begun = 0;
  for (auto free : free_in_s)
    if (free <= by_s)
      begun += 1 + (by_s - free) / run_s;
  auto left = static_cast<double>(jobs) - begun;
  if (left <= 0)
    return 0;
  auto each = slots_per_gpu * (1 + std::max(0.0, by_s - boot_s) / run_s);
  return static_cast<uint32_t>(std::min(1e6, std::ceil(left / each - 1e-9)));
}

plan decide_in_fleet(const stage& at, const situation& s,
                     const shortage& missing) {
  auto& fleet = *s.fleet;
  auto jobs = demand_of(s);
  plan out;
  out.next = resting{};
  out.missing = missing;
  out.why.jobs = jobs.all;
  if (jobs.all == 0)
    return out;
  auto give = [&](step what, launch_reason why) {
    out.what = std::move(what);
    out.why = std::move(why);
    out.why.jobs = jobs.all;
    return out;
  };
  auto* known = std::get_if<planning>(&at);
  auto now = known ? *known : planning{s.now_s, s.now_s, fleet.gpus, 0};
  if (fleet.gpus > now.gpus)
    now.turn_s = s.now_s;
  now.gpus = fleet.gpus;
  auto slots = fleet.free_in_s;
  if (std::find(slots.begin(), slots.end(), 0.0) == slots.end())
    now.since_s = 0;
  else if (now.since_s == 0)
    now.since_s = s.now_s;
  if (now.since_s > 0 && s.now_s - now.since_s < grace_s)
    out.due_s = now.since_s + grace_s;
  else
    std::erase(slots, 0.0);
  out.next = now;
  auto needed = missing_for(jobs.all, s, slots, jobs.run_s);
  if (needed == 0 && missing.tried == 0) {
    now.turn_s = s.now_s;
    out.next = now;
    return give(hold{}, why_no_launch(s, jobs));
  }
  if (s.first_deadline_s && jobs.all == 1 && missing.tried == 1
      && s.now_s + fleet.boot_s + jobs.run_s > *s.first_deadline_s)
    return give(hold{}, {kind::out_of_time});
  auto rounds = static_cast<uint32_t>(
    std::clamp((s.now_s - now.turn_s) / turn_s, 0.0, 1'000.0));
  // What has failed under a GPU waits for no other worker.
  auto own = (missing.tried + s.slots_per_gpu - 1) / s.slots_per_gpu;
  auto mine = std::max(own, turns(s, needed, rounds));
  if (mine == 0) {
    auto next_s = now.turn_s + (rounds + 1) * turn_s;
    out.due_s = std::min(out.due_s.value_or(next_s), next_s);
    return give(hold{}, {kind::others_turn, jobs.all});
  }
  if (s.now_s < s.budget.retry_s) {
    out.due_s = s.budget.retry_s;
    return give(wait{s.budget.retry_s},
                {kind::budget, 0, s.budget.until_s, 0, 0, s.budget.words, 0});
  }
  if (s.now_s < s.refused.not_before_s) {
    out.due_s = s.refused.not_before_s;
    return give(wait{s.refused.not_before_s},
                {kind::provider_refuses, 0, s.refused.not_before_s,
                 s.refused.since_s, s.refused.count, s.refused.words, 0});
  }
  if (own == 0 && s.now_s - fleet.seen_s > fresh_s) {
    out.due_s = s.now_s + ask_s;
    if (s.now_s - now.asked_s < ask_s)
      return give(hold{}, {kind::looking_at_queue});
    now.asked_s = s.now_s;
    out.next = now;
    return give(look_again{}, {kind::looking_at_queue});
  }
  if (s.room == 0 && !s.can_make_room)
    return give(hold{}, s.room_comes
                          ? launch_reason{kind::making_room}
                          : launch_reason{kind::max_gpus, s.max_gpus});
  auto seen = missing_for(jobs.worth, s, slots, jobs.run_s);
  auto orders = std::max(own, turns(s, seen, rounds));
  auto unseen = orders < mine && !s.inputs_asked
                  ? static_cast<uint32_t>(jobs.all - jobs.worth)
                  : 0u;
  if (orders == 0)
    return unseen > 0
             ? give(look_at_inputs{unseen}, {kind::looking_at_inputs, unseen})
             : give(hold{}, {kind::looking_at_inputs, jobs.all - jobs.worth});
  if (s.room == 0)
    return give(make_room{unseen}, {kind::making_room});
  orders = std::min(orders, s.room);
  now.turn_s = s.now_s;
  now.gpus += orders;
  out.next = now;
  return give(launch{orders, unseen}, {kind::launching, orders});
}

} // namespace render::supervisor::launching
