#include "actors/gpu_instance/policy.hpp"

#include "messages/text/append.hpp"

#include <algorithm>
#include <cmath>

namespace render::gpu_instance {

policy::policy(config cfg)
  : cfg_(std::move(cfg)),
    attempt_(1, cfg_.adopted ? cfg_.adopted->id : cfg_.ledger_id,
             cfg_.workload_type, false) {
  // nop
}

effects policy::start(const moment& now) {
  auto out = cfg_.adopted ? begin_adopted(now) : begin_attempt(attempt_);
  if (phase_ == gpu_phase::launching)
    out.push_back(update());
  return out;
}

gpu_entry policy::entry() const {
  auto out = attempt_.intent();
  auto& gpu = machine_.gpu;
  out.state = phase_ == gpu_phase::stopping || phase_ == gpu_phase::gone
                ? gpu_entry_state::stopping
              : gpu.workload.empty() ? gpu_entry_state::intent
              : has_booted()         ? gpu_entry_state::ready
                                     : gpu_entry_state::running;
  out.workload = gpu.workload;
  out.node = gpu.node;
  out.launched_s = machine_.launched_s;
  return out;
}

effects policy::on_run_job(msg::run_job task) {
  auto kind = job_kind_from(task.subject.type);
  if (phase_ != gpu_phase::ready || running_.size() >= cfg_.slots || !kind
      || !is_ready(*kind))
    return {end_job{
      std::move(task.subject),
      failed_outcome({failure_kind::unavailable, "the GPU takes no job now"})}};
  disarm(timer::idle);
  had_a_job_ = true;
  running_.emplace(task.subject.id, task);
  return {start_renderer{std::move(task)}, update()};
}

effects policy::on_render_ended(const job_id& id, job_outcome outcome) {
  auto node = running_.extract(id);
  if (node.empty())
    return {};
  auto suspicious = !outcome.success()
                    && outcome.error.kind == failure_kind::unavailable;
  effects out{end_job{std::move(node.mapped().subject), std::move(outcome)}};
  if (suspicious && phase_ == gpu_phase::ready) {
    machine_.doubted = true;
    append(out, arm(timer::health, duration{0}));
  }
  append(out, slot_freed());
  return out;
}

effects policy::on_render_parked(const job_id& id) {
  return running_.erase(id) > 0 ? slot_freed() : effects{};
}

effects policy::slot_freed() {
  effects out;
  if (running_.empty()) {
    if (phase_ == gpu_phase::ready)
      append(out, arm(timer::idle, idle_timeout()));
    else if (phase_ == gpu_phase::draining)
      append(out, begin_stop(ending_.reason, 0));
    else
      append(out, maybe_gone());
  }
  if (phase_ == gpu_phase::ready || phase_ == gpu_phase::draining)
    out.push_back(update());
  return out;
}

effects policy::on_drain(const std::string& reason, double now_s) {
  return retire(reason, now_s);
}

effects policy::on_halt(const std::string& reason, double now_s) {
  effects out;
  if (!running_.empty())
    out.push_back(stop_renderers{{failure_kind::shutting_down, reason}});
  if (phase_ == gpu_phase::launching)
    append(out, retire(reason, now_s));
  else
    append(out, begin_stop(reason, now_s));
  return out;
}

effects policy::on_listed(list_purpose purpose,
                          const result<std::vector<gpu_workload>>& got,
                          const moment& now) {
  auto now_s = now.steady_s;
  switch (purpose) {
  case list_purpose::before_launch:
    return phase_ == gpu_phase::launching ? begin_recording(got, now)
                                          : effects{};
  case list_purpose::lookup:
    return phase_ == gpu_phase::launching ? looked_up(got, now_s) : effects{};
  case list_purpose::health:
    machine_.list_asked = false;
    machine_.listed_at_s = now_s;
    return got ? health_listed(*got, now_s) : effects{};
  case list_purpose::stop_check:
    return stop_checked(got, now_s);
  }
  return {};
}

effects policy::on_timer(timer which, uint64_t generation, double now_s) {
  if (generation != generations_[static_cast<size_t>(which)])
    return {}; // A timer that a later decision replaced.
  switch (which) {
  case timer::launch_retry:
    if (attempt_.lookup())
      return {list_workloads{list_purpose::lookup}};
    if (!attempt_.is<launch_attempt::over>())
      return {};
    return begin_attempt({attempt_.number() + 1, attempt_.intent().id,
                          cfg_.workload_type, attempt_.recorded()});
  case timer::boot_probe:
    return boot_tick(now_s);
  case timer::health:
    return look_soon(now_s);
  case timer::list:
    return list_tick(now_s);
  case timer::idle:
    return running_.empty() ? retire(
             "idle for " + std::to_string(idle_timeout().count() / 1000) + " s",
             now_s)
                            : effects{};
  case timer::replace:
    return retire("older than "
                    + std::to_string(cfg_.replace_after.count() / 1000) + " s",
                  now_s);
  case timer::lifetime:
    return retire("its lifetime ends", now_s);
  case timer::expiry: {
    effects out;
    if (!running_.empty())
      out.push_back(stop_renderers{
        {failure_kind::unavailable, "the GPU's lifetime has ended"}});
    append(out, begin_stop("its lifetime has ended", now_s));
    return out;
  }
  case timer::stop_retry:
    return {list_workloads{list_purpose::stop_check}};
  }
  return {};
}

duration policy::idle_timeout() const {
  if (!cfg_.adopted || had_a_job_)
    return cfg_.idle_timeout;
  if (!cfg_.given_idle_s)
    return std::min(cfg_.idle_timeout, cfg_.adopted_idle_timeout);
  auto idle
    = duration{static_cast<int64_t>(std::min(*cfg_.given_idle_s, 1e9) * 1e3)};
  return std::max(cfg_.idle_timeout - idle, duration{0});
}

effects policy::arm(timer which, duration delay) {
  return {arm_timer{which, ++generations_[static_cast<size_t>(which)], delay}};
}

void policy::disarm(timer which) {
  ++generations_[static_cast<size_t>(which)];
}

void policy::enter(gpu_phase phase) {
  phase_ = phase;
  for (auto& x : generations_)
    ++x;
}

report policy::update() const {
  msg::gpu_update x;
  x.instance = cfg_.instance;
  x.phase = phase_;
  x.ledger_id = attempt_.intent().id;
  x.workload = machine_.gpu.workload;
  x.type = cfg_.workload_type;
  x.node = machine_.gpu.node;
  x.ready_kinds = machine_.ready;
  x.busy_slots = static_cast<uint32_t>(running_.size());
  x.launched_s = machine_.launched_s;
  x.launched_at_s = machine_.launched_at_s;
  x.reason = phase_ == gpu_phase::launching ? trouble_ : ending_.reason;
  x.failed = ending_.failed;
  x.leaked = ending_.is<leaked>();
  x.over_budget = ending_.over_budget;
  if (!x.over_budget.empty()) {
    auto span_s = x.over_budget == "MAX_SPEND_PER_DAY" ? 86'400.0 : 3'600.0;
    auto intent_s = attempt_.intent().intent_s;
    x.budget_until_s = attempt_.sent_at_s() + span_s
                       - (intent_s - std::floor(intent_s / span_s) * span_s);
  }
  return {std::move(x)};
}

} // namespace render::gpu_instance
