#include "actors/gpu_instance/policy.hpp"

#include "messages/text/append.hpp"

#include <algorithm>

namespace render::gpu_instance {

policy::policy(config cfg) : cfg_(std::move(cfg)) {
  // nop
}

effects policy::start(const moment& now) {
  auto out = cfg_.adopted ? begin_adopted(now) : begin_attempt();
  if (phase_ == gpu_phase::launching)
    out.push_back(update());
  return out;
}

std::string policy::entry_id() const {
  if (cfg_.adopted)
    return cfg_.adopted->id;
  auto left = entries_left_ > 0 ? "-" + std::to_string(entries_left_) : "";
  return cfg_.ledger_id + left;
}

gpu_entry policy::entry() const {
  gpu_entry out;
  out.id = entry_id();
  out.type = cfg_.workload_type;
  out.state = phase_ == gpu_phase::stopping || phase_ == gpu_phase::gone
                ? gpu_entry_state::stopping
              : gpu_.workload.empty() ? gpu_entry_state::intent
              : has_booted()          ? gpu_entry_state::ready
                                      : gpu_entry_state::running;
  out.expires_s = expires_sent_s_;
  out.intent_s = launch_sent_s_;
  out.workload = gpu_.workload;
  out.node = gpu_.node;
  out.launched_s = launched_s_;
  out.known_before = known_before_;
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

effects policy::on_render_ended(const std::string& job_id,
                                job_outcome outcome) {
  auto node = running_.extract(job_id);
  if (node.empty())
    return {};
  auto suspicious = !outcome.success()
                    && outcome.error.kind == failure_kind::unavailable;
  effects out{end_job{std::move(node.mapped().subject), std::move(outcome)}};
  if (suspicious && phase_ == gpu_phase::ready)
    append(out, arm(timer::health, duration{0}));
  append(out, slot_freed());
  return out;
}

effects policy::on_render_parked(const std::string& job_id) {
  return running_.erase(job_id) > 0 ? slot_freed() : effects{};
}

effects policy::slot_freed() {
  effects out;
  if (running_.empty()) {
    if (phase_ == gpu_phase::ready)
      append(out, arm(timer::idle, idle_timeout()));
    else if (phase_ == gpu_phase::draining)
      append(out, begin_stop(reason_, 0));
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
    if (launch_step_ == launch_step::looking_up)
      return {list_workloads{list_purpose::lookup}};
    return begin_attempt();
  case timer::boot_probe:
    return boot_tick(now_s);
  case timer::health:
    return health_tick();
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
  return cfg_.adopted && !had_a_job_
           ? std::min(cfg_.idle_timeout, cfg_.adopted_idle_timeout)
           : cfg_.idle_timeout;
}

effects policy::arm(timer which, duration delay) {
  return {arm_timer{which, ++generations_[static_cast<size_t>(which)], delay}};
}

void policy::disarm(timer which) {
  ++generations_[static_cast<size_t>(which)];
}

report policy::update() const {
  msg::gpu_update x;
  x.instance = cfg_.instance;
  x.phase = phase_;
  x.ledger_id = entry_id();
  x.workload = gpu_.workload;
  x.node = gpu_.node;
  x.ready_kinds = ready_;
  x.busy_slots = static_cast<uint32_t>(running_.size());
  x.launched_s = launched_s_;
  x.reason = reason_;
  x.failed = failed_;
  x.leaked = leaked_;
  return {std::move(x)};
}

} // namespace render::gpu_instance
