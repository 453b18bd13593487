// A GPU that is in use when it comes of age gets its successor beforehand. Else
// a fleet whose GPUs were launched together would be without any while all of
// its jobs wait for the next ones to boot.
#include "actors/supervisor/policy.hpp"

#include <algorithm>
#include <cmath>

namespace render::supervisor {

namespace {

arm_timer look_at(double then_s, double now_s) {
  auto left = std::ceil(std::max(0.0, then_s - now_s) * 1000);
  return {timer::succession, 0, duration{static_cast<int64_t>(left)}};
}

} // namespace

// GPUs that we may still rent.
uint32_t policy::room() const {
  auto counted = std::count_if(gpus_.begin(), gpus_.end(), [](auto& entry) {
    return entry.second.successor == 0;
  });
  return cfg_.max_gpus
         - std::min(cfg_.max_gpus, static_cast<uint32_t>(counted));
}

effects policy::watch_age(const gpu& x, double now_s) const {
  if (cfg_.replace_ahead == duration{0})
    return {};
  auto age = in_seconds(cfg_.retire_after - cfg_.replace_ahead);
  return {look_at(x.last.launched_at_s + age, now_s)};
}

bool policy::wants_successor(const gpu& x, double now_s) const {
  auto ahead = in_seconds(cfg_.replace_ahead);
  auto old = now_s
             >= x.last.launched_at_s + in_seconds(cfg_.retire_after) - ahead;
  // One that was taken over has yet to show what it is good for.
  auto has_worked = x.idle_since_s > x.ready_since_s;
  auto in_use = !x.jobs.empty()
                || (has_worked && now_s - x.idle_since_s < ahead);
  return ahead > 0 && old && in_use && x.last.phase == gpu_phase::ready
         && !x.told_to_stop && x.suspect_generation == 0 && x.successor == 0;
}

effects policy::succeed(double now_s) {
  effects out;
  for (auto& [instance, x] : gpus_) {
    if (!wants_successor(x, now_s)
        || now_s < launches_[x.type].refused.not_before_s)
      continue;
    auto order = rent_one(x.type, now_s);
    x.successor = order.instance;
    out.push_back(say{severity::info, "gpu " + std::to_string(instance)
                                        + " is soon too old: gpu "
                                        + std::to_string(order.instance)
                                        + " is launched in its place"});
    out.push_back(std::move(order));
  }
  return out;
}

// It may have failed: the next one is launched when its type may be.
effects policy::successor_gone(uint64_t instance, double now_s) {
  effects out;
  for (auto& [other, x] : gpus_)
    if (x.successor == instance) {
      x.successor = 0;
      out.push_back(look_at(launches_[x.type].refused.not_before_s, now_s));
    }
  return out;
}

} // namespace render::supervisor
