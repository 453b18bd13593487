#include "actors/gpu_instance/policy.hpp"

#include <algorithm>
#include <cmath>

namespace render::gpu_instance {

namespace {

void append(effects& to, effects xs) {
  std::move(xs.begin(), xs.end(), std::back_inserter(to));
}

duration since(double then_s, double now_s) {
  return duration{std::llround((now_s - then_s) * 1000)};
}

} // namespace

duration probe_interval(const config& cfg, duration since_launch) {
  return std::clamp(since_launch / 50, cfg.probe_interval_min,
                    cfg.probe_interval_max);
}

policy::policy(config cfg) : cfg_(std::move(cfg)) {
  // nop
}

effects policy::start(double now_s) {
  auto out = cfg_.adopted ? begin_adopted(now_s) : begin_attempt();
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
                                      : gpu_entry_state::running;
  out.expires_s = expires_sent_s_;
  out.intent_s = launch_sent_s_;
  out.workload = gpu_.workload;
  out.node = gpu_.node;
  out.launched_s = launched_s_;
  out.known_before = known_before_;
  return out;
}

// -- booting -----------------------------------------------------------------

duration policy::service_timeout(job_kind kind) const {
  switch (kind) {
  case job_kind::portrait:
    return cfg_.portrait_boot_timeout;
  case job_kind::analyze:
    return cfg_.vision_boot_timeout;
  default:
    return cfg_.speech_boot_timeout;
  }
}

bool policy::is_ready(job_kind kind) const {
  return std::find(ready_.begin(), ready_.end(), kind) != ready_.end();
}

effects policy::boot_tick(double now_s) {
  effects out;
  auto ask = [&](const std::string& service) {
    if (probing_.insert(service).second)
      out.push_back(probe{service});
  };
  if (node_up_s_ == 0) {
    if (since(boot_since_s_, now_s) > cfg_.boot_timeout)
      return lose("did not answer within its boot time", now_s);
    if (gpu_.node.empty())
      out.push_back(list_workloads{list_purpose::health});
    else
      ask({});
  } else {
    for (auto kind : cfg_.kinds) {
      if (is_ready(kind) || given_up_.contains(kind))
        continue;
      if (since(node_up_s_, now_s) > service_timeout(kind)) {
        given_up_.insert(kind);
        out.push_back(
          say{severity::warning, std::string{to_string(kind)}
                                   + " service did not come up in time"});
        continue;
      }
      ask(std::string{to_string(kind)});
    }
    if (given_up_.size() == cfg_.kinds.size()) {
      append(out, lose("none of its services came up", now_s));
      return out;
    }
    if (ready_.size() + given_up_.size() == cfg_.kinds.size())
      return out;
  }
  append(out, arm(timer::boot_probe,
                  probe_interval(cfg_, since(boot_since_s_, now_s))));
  return out;
}

effects policy::on_probed(const std::string& service, const result<void>& got,
                          double now_s) {
  probing_.erase(service);
  if (phase_ != gpu_phase::booting && phase_ != gpu_phase::ready
      && phase_ != gpu_phase::draining)
    return {};
  if (service.empty() && node_up_s_ != 0)
    return health_probed(got, now_s);
  if (!got)
    return {};
  if (service.empty()) {
    node_up_s_ = now_s;
    effects out{
      say{severity::info, "answers after "
                            + std::to_string(since(launched_s_, now_s).count())
                            + " ms"}};
    append(out, boot_tick(now_s));
    return out;
  }
  auto kind = job_kind_from(service);
  return kind && !is_ready(*kind) ? service_ready(*kind, now_s) : effects{};
}

effects policy::service_ready(job_kind kind, double now_s) {
  ready_.push_back(kind);
  given_up_.erase(kind);
  effects out{say{severity::info,
                  std::string{to_string(kind)} + " service is ready after "
                    + std::to_string(since(launched_s_, now_s).count())
                    + " ms"}};
  if (phase_ == gpu_phase::booting) {
    phase_ = gpu_phase::ready;
    append(out, arm(timer::idle, idle_timeout()));
  }
  out.push_back(update());
  return out;
}

// -- health ------------------------------------------------------------------

effects policy::on_ledger_doubt() {
  return health_tick();
}

effects policy::health_tick() {
  if (phase_ != gpu_phase::booting && phase_ != gpu_phase::ready
      && phase_ != gpu_phase::draining)
    return {};
  // The ledger's answer tells whether the GPU is still ours.
  effects out{list_workloads{list_purpose::health}, write_ledger{entry()}};
  if (node_up_s_ != 0 && probing_.insert(std::string{}).second)
    out.push_back(probe{});
  else
    append(out, arm(timer::health, cfg_.health_interval));
  return out;
}

effects policy::health_listed(const std::vector<gpu_workload>& all,
                              double now_s) {
  if (phase_ != gpu_phase::booting && phase_ != gpu_phase::ready
      && phase_ != gpu_phase::draining)
    return {};
  for (auto& x : all)
    if (x.workload == gpu_.workload) {
      unlisted_ = 0;
      if (!gpu_.node.empty() || x.node.empty())
        return {};
      gpu_.node = x.node;
      return {write_ledger{entry()}};
    }
  // A list may lag behind a launch, and once is no proof.
  auto young = since(boot_since_s_, now_s) < 2 * cfg_.health_interval;
  if (young || ++unlisted_ < 2)
    return {};
  return lose("is no longer among the running workloads", now_s);
}

effects policy::health_probed(const result<void>& got, double now_s) {
  if (got) {
    probes_failed_ = 0;
    return arm(timer::health, cfg_.health_interval);
  }
  if (++probes_failed_ < cfg_.health_tries)
    return arm(timer::health, cfg_.health_retry_delay);
  return lose("does not answer: " + got.error().message, now_s);
}

// -- the end -----------------------------------------------------------------

effects policy::lose(const std::string& why, double now_s) {
  failed_ = true;
  effects out{say{severity::error, why}};
  if (!running_.empty())
    out.push_back(
      stop_renderers{{failure_kind::unavailable, "the GPU " + why}});
  append(out, begin_stop(why, now_s));
  return out;
}

effects policy::retire(const std::string& why, double now_s) {
  if (phase_ == gpu_phase::booting || phase_ == gpu_phase::ready) {
    if (running_.empty())
      return begin_stop(why, now_s);
    phase_ = gpu_phase::draining;
    reason_ = why;
    return {say{severity::info, why + ": takes no more jobs"}, update()};
  }
  if (phase_ == gpu_phase::launching) {
    // A call under way may rent a GPU yet: its answer is waited for.
    if (launch_step_ == launch_step::retrying)
      return begin_stop(why, now_s);
    stop_wanted_ = why;
  }
  return {};
}

effects policy::begin_stop(const std::string& why, double) {
  if (phase_ == gpu_phase::stopping || phase_ == gpu_phase::gone)
    return {};
  phase_ = gpu_phase::stopping;
  reason_ = why;
  for (size_t i = 0; i < timer_count; ++i)
    ++generations_[i];
  effects out;
  if (gpu_.workload.empty()) {
    stop_confirmed_ = true;
  } else {
    out.push_back(say{severity::info, "stopping: " + why});
    // Whoever was paused for long may find that it is another worker's now.
    out.push_back(write_ledger{entry()});
    stop_held_ = true;
  }
  out.push_back(update());
  append(out, maybe_gone());
  return out;
}

effects policy::send_stop() {
  stop_held_ = false;
  stop_attempt_ = 1;
  return {stop{gpu_.workload}};
}

effects policy::disown() {
  if (disowned_ || phase_ == gpu_phase::gone)
    return {};
  disowned_ = true;
  stop_held_ = false;
  stop_confirmed_ = true;
  reason_ = "another worker has taken it over";
  phase_ = gpu_phase::stopping;
  for (auto& x : generations_)
    ++x;
  effects out{say{severity::warning, reason_ + "; it is left alone"}};
  if (!running_.empty())
    out.push_back(stop_renderers{{failure_kind::unavailable, reason_}});
  out.push_back(update());
  append(out, maybe_gone());
  return out;
}

effects policy::on_stopped(const result<double>& got, double) {
  if (phase_ != gpu_phase::stopping || stop_confirmed_)
    return {};
  if (!got)
    return stop_failed(got.error().message);
  stop_confirmed_ = true;
  refund_ = *got;
  effects out{say{severity::info, "stopped, refund " + std::to_string(*got)}};
  append(out, maybe_gone());
  return out;
}

effects policy::stop_failed(const std::string& why) {
  if (stop_attempt_ >= cfg_.stop_tries_max) {
    leaked_ = true;
    stop_confirmed_ = true;
    effects out{say{severity::error,
                    "could not confirm the stop of workload " + gpu_.workload
                      + ", please stop it at the provider: " + why}};
    append(out, maybe_gone());
    return out;
  }
  auto delay = cfg_.stop_delays.empty()
                 ? duration{5'000}
                 : cfg_.stop_delays[std::min<size_t>(
                   stop_attempt_ - 1, cfg_.stop_delays.size() - 1)];
  auto out = arm(timer::stop_retry, delay);
  out.push_back(say{severity::warning,
                    why + ", attempt " + std::to_string(stop_attempt_) + " of "
                      + std::to_string(cfg_.stop_tries_max) + ", next in "
                      + std::to_string(delay.count() / 1000) + " s"});
  ++stop_attempt_;
  return out;
}

effects policy::maybe_gone() {
  if (phase_ != gpu_phase::stopping || !stop_confirmed_ || !running_.empty())
    return {};
  phase_ = gpu_phase::gone;
  effects out;
  // What is not certain stays in the ledger, for another look.
  if (recorded_ && (leaked_ || unsure_ || disowned_))
    out.push_back(leave_ledger{entry_id()});
  else if (recorded_)
    out.push_back(close_ledger{entry(), reason_, refund_});
  out.push_back(update());
  out.push_back(quit{});
  return out;
}

// -- commands and timers -----------------------------------------------------

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
