#include "actors/supervisor/policy.hpp"

#include <algorithm>

namespace render::supervisor {

double in_seconds(duration d) {
  return static_cast<double>(d.count()) / 1000;
}

policy::policy(config cfg)
  : cfg_(std::move(cfg)), random_(cfg_.seed), view_(cfg_.peers),
    fitness_(cfg_.surroundings) {
  unfit_.told_fit = fitness_.fit();
  cfg_.replace_ahead = std::min(cfg_.replace_ahead, cfg_.retire_after / 10);
  for (auto& [kind, type] : cfg_.workload_of_kind) {
    launches_[type].boot_s = cfg_.peers.boot_s;
    launches_[type].run_s.fill(cfg_.peers.run_s);
  }
}

// -- the QUEUE WATCHER --------------------------------------------------------

effects policy::on_watcher_started() {
  offer_.jobs_received = 0;
  offer_.told.reset();
  auto out = capacity();
  if (std::any_of(launches_.begin(), launches_.end(), [](auto& entry) {
        return std::holds_alternative<launching::asking_queue>(entry.second.at);
      }))
    out.push_back(look_at_queue{});
  return out;
}

effects policy::start() {
  effects out{start_watcher{}, take_gpus{}};
  append(out, follow(fitness_.start(), 0));
  return out;
}

effects policy::on_watcher_died(const std::string& why, double now_s) {
  watcher_.deaths.push_back(now_s);
  while (watcher_.deaths.front() < now_s - in_seconds(cfg_.restart_window))
    watcher_.deaths.pop_front();
  effects out{say{severity::error, "the queue watcher died: " + why}};
  if (watcher_.deaths.size() <= cfg_.restarts_max) {
    auto delay = cfg_.restart_delay_min;
    for (size_t i = 1; i < watcher_.deaths.size(); ++i)
      delay = std::min(delay * 2, cfg_.restart_delay_max);
    watcher_.generation = ++last_.generation;
    out.push_back(arm_timer{timer::watcher, watcher_.generation, delay});
    return out;
  }
  drain_.clean = false;
  if (!draining())
    append(out, on_drain("the queue watcher keeps dying", now_s));
  return out;
}

// -- GPUs ---------------------------------------------------------------------

// `now_s`: of a launch; 0: it was rented before.
uint64_t policy::add_gpu(const workload_type& type, const ledger_id& id,
                         double now_s) {
  auto instance = ++last_.instance;
  auto& x = gpus_[instance];
  x.type = type;
  x.rented_s = now_s;
  x.last.ledger_id = id;
  x.last.instance = instance;
  return instance;
}

uint32_t policy::free_slots(const gpu& x) const {
  if (x.last.phase != gpu_phase::ready || x.told_to_stop
      || x.suspect_generation != 0)
    return 0;
  auto busy = static_cast<uint32_t>(x.jobs.size());
  return cfg_.slots_per_gpu - std::min(cfg_.slots_per_gpu, busy);
}

effects policy::on_backlog(const msg::backlog& x, const moment& now) {
  auto now_s = now.steady_s;
  queue_.by_type = x.waiting_by_type;
  queue_.without_inputs = x.without_inputs;
  queue_.at_s = now_s;
  queue_.waits_since_s
    = x.oldest_created_at_s > 0 ? now.steady_at(x.oldest_created_at_s) : 0;
  effects out;
  for (auto& [type, launch] : launches_) {
    launch.waits = waiting_for(type);
    watch_traffic(type, now_s);
    if (!draining())
      append(out, decide(type, now_s));
  }
  return out;
}

effects policy::on_gpu_update(const msg::gpu_update& x, double now_s) {
  auto at = gpus_.find(x.instance);
  if (at == gpus_.end())
    return {};
  auto& known = at->second;
  auto was_ready = known.last.phase == gpu_phase::ready;
  // A job has begun, or has ended and says so itself: no slot came or went.
  auto tells_of_jobs = was_ready && x.phase == gpu_phase::ready && !draining()
                       && x.ready_kinds == known.last.ready_kinds
                       && x.left.empty();
  effects out;
  for (auto& share : x.left)
    if (auto job = jobs_.find(share.job); job != jobs_.end())
      job->second.used.push_back(share);
  if (known.rented_s > 0 && known.last.workload.empty() && !x.workload.empty())
    ++totals_.launched;
  known.last = x;
  known.last.left.clear();
  mark_begun(known);
  if (tells_of_jobs)
    return out;
  if (x.phase == gpu_phase::ready && !was_ready) {
    known.ready_since_s = known.idle_since_s = now_s;
    if (known.rented_s > 0)
      estimates_.on_boot(known.type, now_s - known.rented_s, now_s);
    launches_[known.type].refused = {};
    out = watch_age(known, now_s);
  }
  if (x.phase != gpu_phase::gone) {
    append(out, settle_down(now_s));
    return out;
  }
  note_budget(known.type, x, now_s);
  if (x.failed)
    gpu_failed(known.type, x.reason, now_s);
  drain_.clean = drain_.clean && !x.leaked;
  return gpu_gone(x.instance, "the GPU is gone", now_s);
}

effects policy::on_gpu_died(uint64_t instance, const std::string& why,
                            double now_s) {
  auto at = gpus_.find(instance);
  if (at == gpus_.end())
    return {};
  auto& dead = at->second;
  gpu_failed(dead.type, "its actor died", now_s);
  auto end = dead.last.workload.empty()
               ? std::string{"what it may have launched is looked for later"}
               : "its workload " + dead.last.workload + " is stopped";
  effects out{say{severity::error, "gpu " + std::to_string(instance) + " died ("
                                     + why + "); " + end}};
  gpu_entry left;
  left.id = dead.last.ledger_id;
  left.type = dead.type;
  left.state = gpu_entry_state::stopping;
  left.workload = dead.last.workload;
  left.node = dead.last.node;
  left.launched_s = dead.last.launched_s;
  if (left.workload.empty()) {
    // What it has launched is looked for when the intent's lease has run out.
    drain_.clean = false;
    out.push_back(leave_gpu{left.id});
  } else {
    append(out, adopt(left, {}, true));
  }
  append(out, gpu_gone(instance, "the GPU's actor died", now_s));
  return out;
}

// Jobs that had just been sent to it have no other way to end.
effects policy::gpu_gone(uint64_t instance, const std::string& why,
                         double now_s) {
  auto node = gpus_.extract(instance);
  farewell_.forget(instance);
  auto out = successor_gone(instance, now_s);
  for (auto& id : node.mapped().jobs) {
    msg::job_ended lost{instance, jobs_.at(id).task.subject,
                        failed_outcome({failure_kind::unavailable, why})};
    append(out, on_job_ended(std::move(lost), now_s));
  }
  append(out, settle_down(now_s));
  return out;
}

// After every change of slots or jobs.
effects policy::settle_down(double now_s) {
  auto out = place_pending(now_s);
  append(out, capacity());
  append(out, scale(now_s));
  append(out, give_idle(now_s));
  append(out, check_drained());
  return out;
}

effects policy::on_trust_due(uint64_t generation, double now_s) {
  for (auto& [instance, x] : gpus_)
    if (x.suspect_generation == generation) {
      x.suspect_generation = 0;
      return settle_down(now_s);
    }
  return {};
}

// One quota for each set of kinds that shares slots, so that no two quotas
// count the same slot.
effects policy::capacity() {
  msg::capacity out;
  out.jobs_received = offer_.jobs_received;
  out.accepting = !draining() && fitness_.fit();
  std::map<std::vector<std::string>, uint32_t> free;
  auto works = false;
  for (auto& [instance, x] : gpus_) {
    if (x.last.phase != gpu_phase::ready || x.last.ready_kinds.empty())
      continue;
    std::vector<std::string> types;
    for (auto kind : x.last.ready_kinds)
      types.emplace_back(to_string(kind));
    std::sort(types.begin(), types.end());
    auto slots = free_slots(x);
    free[types] += slots;
    if (slots > 0) {
      works = works || !x.jobs.empty();
      out.idle_since_s = std::max(out.idle_since_s, x.idle_since_s);
    }
  }
  if (works)
    out.idle_since_s = 0;
  for (auto& [types, count] : free)
    out.free.push_back({types, count});
  if (offer_.told == out)
    return {};
  offer_.told = out;
  return {send_capacity{std::move(out)}};
}

effects policy::on_timer(timer which, uint64_t generation, double now_s) {
  switch (which) {
  case timer::jitter:
    return on_launch_due(generation, now_s);
  case timer::pending: {
    if (generation != due_.pending)
      return {};
    due_.pending = 0;
    return settle_down(now_s);
  }
  case timer::succession:
    return scale(now_s);
  case timer::adoption:
    return draining() || generation != due_.adoption ? effects{}
                                                     : effects{take_gpus{}};
  case timer::hand_over:
    return on_hand_over_due(generation);
  case timer::fitness:
    return generation == unfit_.generation ? follow(fitness_.on_due(), now_s)
                                           : effects{};
  case timer::trust:
    return on_trust_due(generation, now_s);
  case timer::keep:
    return on_keep_due(generation, now_s);
  case timer::tell:
    return on_tell_due(generation, now_s);
  case timer::ledger: {
    effects out;
    if (auto node = writes_.put_off.extract(generation))
      std::visit(
        [&](auto& x) {
          out.push_back(std::move(x));
        },
        node.mapped());
    return out;
  }
  case timer::watcher:
    if (generation != watcher_.generation)
      return {};
    return {start_watcher{}};
  case timer::claim_grace:
    if (generation != drain_.grace_generation)
      return {};
    drain_.grace_generation = 0;
    return check_drained();
  case timer::drain:
    return generation == drain_.generation
               && drain_.phase == drain_phase::finishing
             ? halt_all("the drain time is over")
             : effects{};
  case timer::give_up:
    if (generation != drain_.give_up_generation
        || drain_.phase == drain_phase::done)
      return {};
    drain_.phase = drain_phase::done;
    return {say{severity::error,
                "gave up waiting: " + std::to_string(gpus_.size()) + " GPU(s), "
                  + std::to_string(jobs_.size() + writes_.unsettled.size()
                                   + writes_.releasing.size())
                  + " job(s) are not confirmed"},
            finish{false}};
  }
  return {};
}

msg::confirm_jobs policy::held_jobs() const {
  msg::confirm_jobs out;
  for (auto& [id, x] : jobs_) {
    out.claims.push_back({id, x.task.subject.fence, gpu_of(x)});
    if (auto& again = x.claimed_again)
      out.claims.push_back({id, again->subject.fence});
  }
  return out;
}

msg::confirm_gpus policy::held_gpus() const {
  msg::confirm_gpus out;
  for (auto& [instance, x] : gpus_)
    out.ids.push_back(x.last.ledger_id);
  return out;
}

msg::node_status policy::status(bool with_jobs, const moment& now) const {
  msg::node_status out;
  out.draining = draining();
  for (auto& [instance, x] : gpus_)
    out.gpus.push_back(x.last);
  for (auto& [id, x] : jobs_) {
    if (with_jobs && (x.instance != 0 || x.parked))
      out.running_jobs.push_back(id);
    out.results_waiting += x.parked ? 1 : 0;
  }
  out.unfit = fitness_.reason();
  out.unfit_text = fitness_.text();
  out.disk_free_bytes = fitness_.disk_free_bytes();
  out.waiting_by_type = queue_.by_type;
  if (queue_.waits_since_s > 0)
    out.oldest_wait_s = std::max(0.0, now.steady_s - queue_.waits_since_s);
  out.jobs_succeeded = totals_.succeeded;
  out.jobs_failed = totals_.failed;
  out.jobs_retried = totals_.retried;
  out.gpus_launched = totals_.launched;
  for (auto& [type, x] : launches_) {
    auto& why = out.launches[type] = x.why;
    for (auto* at_s : {&why.until_s, &why.since_s})
      if (*at_s > 0)
        *at_s += now.unix_s - now.steady_s;
  }
  out.peers = static_cast<uint32_t>(view_.others().size());
  out.plans_with_peers = view_.agreed(now.steady_s);
  out.at_s = now.unix_s;
  out.facts = own_facts(now.steady_s, true);
  add_times(out.facts, now.steady_s);
  return out;
}

} // namespace render::supervisor
