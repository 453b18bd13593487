#include "actors/supervisor/policy.hpp"

#include <algorithm>

namespace render::supervisor {

namespace {

constexpr duration pending_check{1'000};

void append(effects& to, effects xs) {
  std::move(xs.begin(), xs.end(), std::back_inserter(to));
}

bool worth_another_gpu(failure_kind kind) {
  return kind == failure_kind::unavailable
         || kind == failure_kind::outcome_unknown;
}

bool is_not_ours(failure_kind kind) {
  return kind == failure_kind::cancelled || kind == failure_kind::not_owner;
}

} // namespace

policy::policy(config cfg) : cfg_(std::move(cfg)), random_(cfg_.seed) {
  // nop
}

effects policy::on_watcher_started() {
  jobs_received_ = 0;
  return capacity();
}

// -- jobs ---------------------------------------------------------------------

policy::held_job policy::hold(job x, double now_s) const {
  held_job out;
  out.task = with_deadline(std::move(x), now_s, cfg_.default_max_time,
                           cfg_.max_render_time);
  return out;
}

effects policy::on_jobs_claimed(msg::jobs_claimed x, double now_s) {
  effects out;
  jobs_received_ += x.jobs.size();
  for (auto& bad : x.unfit)
    append(out, end(hold(std::move(bad.subject), now_s),
                    failed_outcome(std::move(bad.reason))));
  for (auto& subject : x.jobs) {
    auto id = subject.id;
    if (draining()) {
      append(out, put_back(id));
      continue;
    }
    jobs_.insert_or_assign(id, hold(std::move(subject), now_s));
    append(out, place(id, now_s));
  }
  append(out, capacity());
  return out;
}

uint32_t policy::free_slots(const gpu& x) const {
  if (x.last.phase != gpu_phase::ready || x.told_to_stop)
    return 0;
  auto busy = static_cast<uint32_t>(x.jobs.size());
  return cfg_.slots_per_gpu - std::min(cfg_.slots_per_gpu, busy);
}

// The youngest GPU that fits: it has the most life left.
std::optional<uint64_t> policy::find_slot(const held_job& x,
                                          double now_s) const {
  auto kind = job_kind_from(x.task.subject.type);
  for (auto at = gpus_.rbegin(); at != gpus_.rend(); ++at) {
    auto& [instance, candidate] = *at;
    auto& ready = candidate.last.ready_kinds;
    if (free_slots(candidate) == 0 || !kind
        || std::find(ready.begin(), ready.end(), *kind) == ready.end())
      continue;
    if (instance == x.avoid_instance && now_s < x.avoid_until_s)
      continue;
    return instance;
  }
  return std::nullopt;
}

effects policy::place(const std::string& job_id, double now_s) {
  auto& x = jobs_.at(job_id);
  auto slot = find_slot(x, now_s);
  if (!slot) {
    x.instance = 0;
    pending_.push_back(job_id);
    return watch_pending();
  }
  x.instance = *slot;
  gpus_.at(*slot).jobs.insert(job_id);
  return {run_on{*slot, x.task}};
}

effects policy::place_pending(double now_s) {
  effects out;
  for (auto& id : std::exchange(pending_, {})) {
    auto at = jobs_.find(id);
    if (at == jobs_.end())
      continue;
    if (now_s >= at->second.task.deadline_s) {
      auto late = std::move(jobs_.extract(at).mapped());
      failure why{failure_kind::deadline_passed, late.task.deadline_error};
      append(out, end(std::move(late), failed_outcome(std::move(why))));
      continue;
    }
    append(out, place(id, now_s));
  }
  return out;
}

effects policy::watch_pending() {
  if (pending_.empty() || pending_generation_ != 0)
    return {};
  pending_generation_ = ++last_generation_;
  return {arm_timer{timer::pending, pending_generation_, pending_check}};
}

effects policy::on_job_ended(msg::job_ended x, double now_s) {
  if (auto at = gpus_.find(x.instance); at != gpus_.end())
    at->second.jobs.erase(x.subject.id);
  effects out;
  auto node = jobs_.extract(x.subject.id);
  if (!node.empty()) {
    auto held = std::move(node.mapped());
    auto kind = x.outcome.error.kind;
    if (x.outcome.success()) {
      append(out, end(std::move(held), std::move(x.outcome)));
    } else if (is_not_ours(kind)) {
      out.push_back(say{severity::info, "job " + x.subject.id + ": "
                                          + x.outcome.error.message});
    } else if (draining()
               && (kind == failure_kind::shutting_down
                   || worth_another_gpu(kind))) {
      append(out, put_back(x.subject.id));
    } else if (kind == failure_kind::shutting_down) {
      // The GPU was on its way out: it was no attempt.
      auto id = x.subject.id;
      jobs_.insert_or_assign(id, std::move(held));
      append(out, place(id, now_s));
    } else if (worth_another_gpu(kind)) {
      append(out, retry(std::move(held), x.outcome.error, now_s));
    } else {
      append(out, end(std::move(held), std::move(x.outcome)));
    }
  }
  append(out, place_pending(now_s));
  append(out, capacity());
  append(out, scale(now_s));
  append(out, check_drained());
  return out;
}

effects policy::end(held_job x, job_outcome outcome) {
  ++(outcome.success() ? succeeded_ : failed_);
  unsettled_.insert(x.task.subject.id);
  return {settle{{std::move(x.task.subject), std::move(outcome)}}};
}

effects policy::retry(held_job x, const failure& why, double now_s) {
  auto id = x.task.subject.id;
  x.failures.push_back(why.message);
  auto late = now_s >= x.task.deadline_s;
  if (late || x.failures.size() >= cfg_.attempts_max) {
    auto text = x.failures.back();
    if (x.failures.size() > 1) {
      text = "failed after " + std::to_string(x.failures.size())
             + " attempts: ";
      for (size_t i = 0; i < x.failures.size(); ++i)
        text += (i == 0 ? "" : "; ") + std::to_string(i + 1) + ": "
                + x.failures[i];
    }
    if (late)
      text = x.task.deadline_error + " (" + text + ")";
    return end(std::move(x), failed_outcome({why.kind, std::move(text)}));
  }
  ++retried_;
  ++x.task.subject.attempt;
  x.avoid_instance = x.instance;
  x.avoid_until_s = now_s
                    + static_cast<double>(cfg_.same_gpu_delay.count()) / 1000;
  effects out{say{severity::warning,
                  "job " + id + ": attempt " + std::to_string(x.failures.size())
                    + " of " + std::to_string(cfg_.attempts_max)
                    + " failed, trying again: " + why.message}};
  jobs_.insert_or_assign(id, std::move(x));
  append(out, place(id, now_s));
  return out;
}

effects policy::put_back(const std::string& job_id) {
  releasing_.insert(job_id);
  return {release{job_id},
          say{severity::info, "job " + job_id + ": goes back to the queue"}};
}

effects policy::on_settled(msg::job_settled x) {
  unsettled_.erase(x.job_id);
  effects out;
  for (auto& entry : x.webhooks)
    out.push_back(deliver{std::move(entry)});
  if (!x.written)
    out.push_back(
      say{severity::info,
          "job " + x.job_id + ": was not ours any more, nothing was written"});
  append(out, check_drained());
  return out;
}

effects policy::on_released(const std::string& job_id) {
  releasing_.erase(job_id);
  return check_drained();
}

// -- GPUs ---------------------------------------------------------------------

effects policy::on_backlog(const msg::backlog& x, double now_s) {
  backlog_ = x.waiting_by_type;
  return scale(now_s);
}

effects policy::on_gpu_update(const msg::gpu_update& x, double now_s) {
  auto at = gpus_.find(x.instance);
  if (at == gpus_.end())
    return {};
  effects out;
  auto& known = at->second;
  auto was_ready = known.last.phase == gpu_phase::ready;
  known.last = x;
  if (x.phase == gpu_phase::ready && !was_ready) {
    demands_[known.type].failures = 0;
    demands_[known.type].not_before_s = 0;
  }
  if (x.phase == gpu_phase::gone) {
    auto type = known.type;
    gpus_.erase(at);
    if (x.failed)
      gpu_failed(type, now_s);
    clean_ = clean_ && !x.leaked;
  }
  append(out, place_pending(now_s));
  append(out, capacity());
  append(out, scale(now_s));
  append(out, check_drained());
  return out;
}

effects policy::on_gpu_died(uint64_t instance, const std::string& why,
                            double now_s) {
  auto node = gpus_.extract(instance);
  if (node.empty())
    return {};
  auto& dead = node.mapped();
  gpu_failed(dead.type, now_s);
  clean_ = clean_ && dead.last.workload.empty();
  effects out{say{severity::error, "gpu " + std::to_string(instance) + " died ("
                                     + why + "); workload " + dead.last.workload
                                     + " may run until it expires"}};
  for (auto& id : dead.jobs)
    append(out, on_job_ended({instance, jobs_.at(id).task.subject,
                              failed_outcome({failure_kind::unavailable,
                                              "the GPU's actor died"})},
                             now_s));
  append(out, capacity());
  append(out, scale(now_s));
  append(out, check_drained());
  return out;
}

// One quota for each set of kinds that shares slots, so that no two quotas
// count the same slot.
effects policy::capacity() {
  msg::capacity out;
  out.jobs_received = jobs_received_;
  out.accepting = !draining();
  std::map<std::vector<std::string>, uint32_t> free;
  for (auto& [instance, x] : gpus_) {
    if (x.last.phase != gpu_phase::ready || x.last.ready_kinds.empty())
      continue;
    std::vector<std::string> types;
    for (auto kind : x.last.ready_kinds)
      types.emplace_back(to_string(kind));
    std::sort(types.begin(), types.end());
    free[types] += free_slots(x);
  }
  for (auto& [types, count] : free)
    out.free.push_back({types, count});
  return {send_capacity{std::move(out)}};
}

effects policy::on_timer(timer which, uint64_t generation, double now_s) {
  switch (which) {
  case timer::jitter:
    for (auto& [type, x] : demands_)
      if (x.timer_generation == generation) {
        x.timer_generation = 0;
        x.waited = true;
        return scale(now_s);
      }
    return {};
  case timer::pending: {
    if (generation != pending_generation_)
      return {};
    pending_generation_ = 0;
    auto out = place_pending(now_s);
    append(out, scale(now_s));
    append(out, check_drained());
    return out;
  }
  case timer::drain:
    return generation == drain_generation_ && drain_ == drain_phase::finishing
             ? halt_all("the drain time is over")
             : effects{};
  case timer::give_up:
    if (generation != give_up_generation_ || drain_ == drain_phase::done)
      return {};
    drain_ = drain_phase::done;
    return {say{severity::error,
                "gave up waiting: " + std::to_string(gpus_.size()) + " GPU(s), "
                  + std::to_string(jobs_.size() + unsettled_.size()
                                   + releasing_.size())
                  + " job(s) are not confirmed"},
            finish{false}};
  }
  return {};
}

msg::node_status policy::status() const {
  msg::node_status out;
  out.draining = draining();
  for (auto& [instance, x] : gpus_)
    out.gpus.push_back(x.last);
  for (auto& [id, x] : jobs_)
    out.running_jobs.push_back(id);
  out.waiting_by_type = backlog_;
  out.jobs_succeeded = succeeded_;
  out.jobs_failed = failed_;
  out.jobs_retried = retried_;
  out.gpus_launched = launched_;
  return out;
}

} // namespace render::supervisor
