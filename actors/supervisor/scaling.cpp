// When GPUs are rented, and when one is given up to make room for another.
#include "actors/supervisor/policy.hpp"

#include <algorithm>

namespace render::supervisor {

namespace {

void append(effects& to, effects xs) {
  std::move(xs.begin(), xs.end(), std::back_inserter(to));
}

double in_seconds(duration d) {
  return static_cast<double>(d.count()) / 1000;
}

} // namespace

std::set<std::string> policy::workload_types() const {
  std::set<std::string> out;
  for (auto& [kind, type] : cfg_.workload_of_kind)
    out.insert(type);
  return out;
}

const std::string& policy::workload_of(const std::string& job_type) const {
  static const std::string none;
  auto kind = job_kind_from(job_type);
  if (!kind)
    return none;
  auto at = cfg_.workload_of_kind.find(*kind);
  return at == cfg_.workload_of_kind.end() ? none : at->second;
}

uint32_t policy::waiting_for(const std::string& type) const {
  uint64_t out = 0;
  for (auto& [job_type, count] : backlog_)
    if (workload_of(job_type) == type)
      out += count;
  for (auto& id : pending_)
    if (workload_of(jobs_.at(id).task.subject.type) == type)
      ++out;
  return static_cast<uint32_t>(std::min<uint64_t>(out, 1'000'000));
}

bool policy::is_pending(const std::string& type) const {
  return std::any_of(pending_.begin(), pending_.end(), [&](auto& id) {
    return workload_of(jobs_.at(id).task.subject.type) == type;
  });
}

// Slots that are free, or will be without another launch.
uint32_t policy::supply_of(const std::string& type) const {
  uint32_t out = 0;
  for (auto& [instance, x] : gpus_) {
    if (x.type != type || x.told_to_stop)
      continue;
    if (x.last.phase == gpu_phase::launching
        || x.last.phase == gpu_phase::booting)
      out += cfg_.slots_per_gpu;
    else
      out += free_slots(x);
  }
  return out;
}

effects policy::scale(double now_s) {
  if (draining())
    return {};
  effects out;
  for (auto& type : workload_types())
    append(out, scale_type(type, now_s));
  return out;
}

effects policy::scale_type(const std::string& type, double now_s) {
  auto& need = demands_[type];
  auto waiting = waiting_for(type);
  auto supply = supply_of(type);
  if (waiting <= supply) {
    need.timer_generation = 0;
    need.waited = false;
    return {};
  }
  auto wanted = (waiting - supply + cfg_.slots_per_gpu - 1)
                / cfg_.slots_per_gpu;
  // A job that is ours already waits for no stranger to take it.
  auto at_once = need.waited || is_pending(type);
  if (at_once && now_s >= need.not_before_s) {
    if (gpus_.size() >= cfg_.max_gpus)
      return make_room(type);
    return launch(type, wanted);
  }
  if (need.timer_generation != 0)
    return {};
  auto spread = std::uniform_int_distribution<int64_t>{
    cfg_.pre_launch_min.count(), cfg_.pre_launch_max.count()};
  auto delay = at_once ? duration{0} : duration{spread(random_)};
  if (in_seconds(delay) < need.not_before_s - now_s)
    delay
      = duration{static_cast<int64_t>((need.not_before_s - now_s) * 1000) + 1};
  need.timer_generation = ++last_generation_;
  return {arm_timer{timer::jitter, need.timer_generation, delay},
          say{severity::info, std::to_string(waiting) + " job(s) wait for "
                                + type + ", looking again in "
                                + std::to_string(delay.count()) + " ms"}};
}

effects policy::launch(const std::string& type, uint32_t wanted) {
  auto room = cfg_.max_gpus - static_cast<uint32_t>(gpus_.size());
  effects out;
  for (uint32_t i = 0; i < std::min(wanted, room); ++i) {
    auto instance = ++last_instance_;
    auto& x = gpus_[instance];
    x.type = type;
    x.last.instance = instance;
    ++launched_;
    out.push_back(rent{instance, type});
  }
  demands_[type].timer_generation = 0;
  demands_[type].waited = false;
  return out;
}

// All GPUs that we may rent are rented. One that does nothing, for a type that
// nobody waits for, goes.
effects policy::make_room(const std::string& type) {
  auto leaving = std::any_of(gpus_.begin(), gpus_.end(), [](auto& entry) {
    return entry.second.told_to_stop;
  });
  if (leaving)
    return {};
  for (auto& [instance, x] : gpus_) {
    if (x.type == type || !x.jobs.empty() || x.last.phase != gpu_phase::ready
        || waiting_for(x.type) > 0)
      continue;
    x.told_to_stop = true;
    effects out{drain_gpu{instance, "makes room for " + type}};
    append(out, capacity());
    return out;
  }
  return {};
}

void policy::gpu_failed(const std::string& type, double now_s) {
  auto& need = demands_[type];
  auto delay = cfg_.launch_backoff_min;
  for (uint32_t i = 0; i < need.failures && delay < cfg_.launch_backoff_max;
       ++i)
    delay *= 2;
  ++need.failures;
  need.not_before_s = now_s
                      + in_seconds(std::min(delay, cfg_.launch_backoff_max));
}

} // namespace render::supervisor
