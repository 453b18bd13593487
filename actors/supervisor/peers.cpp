// What this worker tells the others, what their words change, and which warm
// GPUs are worth their rent.
#include "actors/supervisor/policy.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace render::supervisor {

namespace {

/// More GPUs are launched for traffic, and fewer stopped, than what just pays:
/// else a GPU at the border would come and go.
constexpr double launch_margin = 1.2;
constexpr double keep_margin = 0.8;
/// Ends that move by less are no news, seconds.
constexpr double same_s = 2;

bool are_alike(const std::vector<double>& x, const std::vector<double>& y,
               double passed_s) {
  return x.size() == y.size()
         && std::equal(x.begin(), x.end(), y.begin(), [&](double a, double b) {
              return std::abs(a - passed_s - b) < same_s;
            });
}

/// Whether `y` is what `x` has become by itself.
bool are_alike(const worker_facts& x, const worker_facts& y, double passed_s) {
  return x.draining == y.draining && x.unfit == y.unfit
         && x.types.size() == y.types.size()
         && std::equal(
           x.types.begin(), x.types.end(), y.types.begin(),
           [&](auto& a, auto& b) {
             return a.type == b.type && a.gpus == b.gpus
                    && a.free_slots == b.free_slots
                    && are_alike(a.boots_left_s, b.boots_left_s, passed_s)
                    && are_alike(a.runs_left_s, b.runs_left_s, passed_s);
           });
}

} // namespace

worker_facts policy::own_facts(double now_s, bool ages) const {
  worker_facts out;
  out.draining = draining();
  out.unfit = fitness_.reason();
  for (auto& [type, record] : launches_) {
    type_facts x;
    x.type = type;
    x.slots_per_gpu = cfg_.slots_per_gpu;
    for (auto& [instance, gpu] : gpus_) {
      if (gpu.type != type)
        continue;
      ++x.gpus;
      auto phase = gpu.last.phase;
      if (gpu.told_to_stop)
        continue;
      if (phase == gpu_phase::launching || phase == gpu_phase::booting)
        x.boots_left_s.push_back((ages ? 0 : record.boot_s)
                                 - (now_s - gpu.rented_s));
      if (phase != gpu_phase::ready)
        continue;
      x.free_slots += free_slots(gpu);
      for (auto& id : gpu.jobs) {
        auto& held = jobs_.at(id);
        auto kind = job_kind_from(held.task.subject.type);
        auto run_s = kind && !ages ? record.run_s[static_cast<size_t>(*kind)]
                                   : 0;
        x.runs_left_s.push_back(run_s - (now_s - held.placed_s));
      }
    }
    out.types.push_back(std::move(x));
  }
  return out;
}

void policy::add_times(worker_facts& to, double now_s) const {
  auto runs = estimates_.runs(now_s);
  for (auto& x : to.types) {
    x.boot = estimates_.boot(x.type, now_s);
    for (auto& [kind, type] : cfg_.workload_of_kind)
      if (type == x.type)
        x.runs[static_cast<size_t>(kind)] = runs[static_cast<size_t>(kind)];
  }
}

// Small changes are gathered.
effects policy::tell_others(double now_s) {
  if (!cfg_.peers.connected)
    return {};
  auto facts = own_facts(now_s);
  auto passed_s = now_s - words_.at_s;
  if (words_.told && are_alike(*words_.told, facts, passed_s)
      && passed_s < in_seconds(cfg_.peers.tell_again))
    return {};
  auto spacing_s = in_seconds(cfg_.peers.tell_spacing);
  if (words_.told && passed_s < spacing_s) {
    if (std::exchange(words_.soon, true))
      return {};
    words_.generation = ++last_.generation;
    auto left = std::ceil((spacing_s - passed_s) * 1000);
    return {
      arm_timer{timer::tell, words_.generation,
                duration{std::max<int64_t>(1, static_cast<int64_t>(left))}}};
  }
  words_.soon = false;
  words_.at_s = now_s;
  add_times(facts, now_s);
  words_.told = facts;
  words_.generation = ++last_.generation;
  return {tell_fleet{std::move(facts)},
          arm_timer{timer::tell, words_.generation, cfg_.peers.tell_again}};
}

effects policy::on_tell_due(uint64_t generation, double now_s) {
  if (generation != words_.generation || drain_.phase == drain_phase::done)
    return {};
  words_.soon = false;
  return tell_others(now_s);
}

effects policy::on_fleet_view(msg::fleet_view x, double now_s) {
  farewell_.see(x);
  view_.take(std::move(x.others), now_s);
  return scale(now_s);
}

bool policy::sees_fleet(double now_s) const {
  return view_.agreed(now_s);
}

launching::fleet_outlook policy::outlook_of(const workload_type& type,
                                            double now_s) {
  auto& record = launches_[type];
  peer::myself me;
  me.facts = own_facts(now_s);
  add_times(me.facts, now_s);
  me.max_gpus = cfg_.max_gpus;
  me.room = room();
  me.can_make_room = me.room == 0 && in_the_way(type, now_s).has_value();
  auto out = view_.outlook(type, me, now_s);
  record.boot_s = out.boot_s;
  record.run_s = out.run_s;
  out.seen_s = queue_.at_s;
  if (cfg_.peers.adaptive && !record.seen.is_young(now_s))
    out.worth_gpus = record.seen.worth(now_s, launch_margin);
  return out;
}

// What begins to run waits no more, though the queue was not looked at since.
void policy::watch_traffic(const workload_type& type, double now_s) {
  if (!cfg_.peers.adaptive)
    return;
  auto& record = launches_[type];
  auto runs = view_.runs(type, own_facts(now_s));
  if (runs > record.runs)
    record.waits -= std::min(record.waits, runs - record.runs);
  record.runs = runs;
  traffic::times t;
  t.boot_s = record.boot_s;
  t.slots = cfg_.slots_per_gpu;
  double run_s = 0;
  size_t kinds = 0;
  for (auto& [kind, workload] : cfg_.workload_of_kind)
    if (workload == type) {
      run_s += record.run_s[static_cast<size_t>(kind)];
      ++kinds;
    }
  t.run_s = kinds > 0 ? run_s / static_cast<double>(kinds) : cfg_.peers.run_s;
  if (auto target = in_seconds(cfg_.peers.target_wait); target > 0)
    t.patience = target / t.boot_s;
  record.seen.on_jobs(runs + record.waits, t, now_s);
}

bool policy::is_idle(const gpu& x) const {
  return x.last.phase == gpu_phase::ready && x.jobs.empty() && !x.told_to_stop
         && x.successor == 0;
}

effects policy::watch_idle() {
  if (!cfg_.peers.adaptive || draining() || due_.keep != 0
      || std::none_of(gpus_.begin(), gpus_.end(), [this](auto& entry) {
           return is_idle(entry.second);
         }))
    return {};
  due_.keep = ++last_.generation;
  return {arm_timer{timer::keep, due_.keep, cfg_.peers.keep_interval}};
}

effects policy::on_keep_due(uint64_t generation, double now_s) {
  if (generation != due_.keep)
    return {};
  due_.keep = 0;
  effects out;
  if (draining())
    return out;
  // Strangers may need what this worker does not know of.
  if (!cfg_.peers.connected || sees_fleet(now_s))
    for (auto& [type, record] : launches_)
      append(out, keep(type, now_s));
  if (!out.empty())
    append(out, settle_down(now_s));
  append(out, watch_idle());
  return out;
}

effects policy::keep(const workload_type& type, double now_s) {
  auto& record = launches_[type];
  if (record.seen.is_young(now_s) || waiting_for(type) > 0)
    return {};
  std::vector<uint64_t> idle;
  uint32_t all_idle = 0;
  for (auto& [instance, x] : gpus_)
    if (x.type == type && is_idle(x)) {
      ++all_idle;
      auto since_s = std::max(x.idle_since_s, x.ready_since_s);
      if (now_s - since_s >= in_seconds(cfg_.peers.keep_least))
        idle.push_back(instance);
    }
  if (idle.empty())
    return {};
  auto gpus = outlook_of(type, now_s).gpus;
  auto busy = static_cast<uint32_t>(
    (record.runs + record.waits + cfg_.slots_per_gpu - 1) / cfg_.slots_per_gpu);
  auto wanted = std::max(record.seen.worth(now_s, keep_margin), busy);
  auto count = view_.to_stop(type, gpus - std::min(gpus, wanted), all_idle);
  effects out;
  // The oldest ones have the least life left.
  for (size_t i = 0; i < std::min<size_t>(count, idle.size()); ++i) {
    gpus_.at(idle[i]).told_to_stop = true;
    out.push_back(drain_gpu{idle[i], "idle, and the traffic is worth "
                                       + std::to_string(wanted)
                                       + " warm GPU(s) of its type"});
  }
  return out;
}

} // namespace render::supervisor
