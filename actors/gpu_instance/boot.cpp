// From the launch until its services answer, and whether they still do.
#include "actors/gpu_instance/policy.hpp"
#include "messages/text/append.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace render::gpu_instance {

namespace {

duration since(double then_s, double now_s) {
  return duration{std::llround((now_s - then_s) * 1000)};
}

duration before_the_end(duration life) {
  return life - std::min<duration>(duration{60'000}, life / 10);
}

} // namespace

duration retirement_age(duration replace_after, duration max_lifetime) {
  return std::min(replace_after, before_the_end(max_lifetime));
}

duration until_common_look(const config& cfg, double now_s) {
  auto interval_s = static_cast<double>(cfg.health_interval.count()) / 1000;
  // A timer may fire a moment too early.
  auto next_s = std::ceil(now_s / interval_s + 0.01) * interval_s;
  return duration{static_cast<int64_t>(std::ceil((next_s - now_s) * 1000))};
}

duration probe_interval(const config& cfg, duration since_launch) {
  return std::clamp(since_launch / 50, cfg.probe_interval_min,
                    cfg.probe_interval_max);
}

effects policy::begin_boot(double now_s) {
  phase_ = gpu_phase::booting;
  machine_.boot_since_s = now_s;
  effects out{write_ledger{entry()}, update()};
  auto age = since(machine_.launched_at_s, now_s);
  auto left = [age](duration d) {
    return std::max(duration{0}, d - age);
  };
  append(out, arm(timer::replace, left(cfg_.replace_after)));
  append(out, arm(timer::lifetime, left(before_the_end(cfg_.max_lifetime))));
  append(out, arm(timer::expiry, left(cfg_.max_lifetime)));
  append(out, arm(timer::health, cfg_.health_interval));
  append(out, arm(timer::list, until_common_look(cfg_, now_s)));
  append(out, boot_tick(now_s));
  return out;
}

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

bool policy::lives() const {
  return phase_ == gpu_phase::booting || phase_ == gpu_phase::ready
         || phase_ == gpu_phase::draining;
}

bool policy::is_ready(job_kind kind) const {
  return std::find(machine_.ready.begin(), machine_.ready.end(), kind)
         != machine_.ready.end();
}

bool policy::has_booted() const {
  return machine_.ready.size() + machine_.given_up.size() == cfg_.kinds.size();
}

effects policy::boot_tick(double now_s) {
  effects out;
  auto ask = [&](const std::string& service) {
    if (machine_.probing.insert(service).second)
      out.push_back(probe{service});
  };
  if (machine_.node_up_s == 0) {
    if (since(machine_.boot_since_s, now_s) > cfg_.boot_timeout)
      return lose("did not answer within its boot time", now_s);
    if (!machine_.gpu.node.empty())
      ask({});
    else if (since(machine_.listed_at_s, now_s) >= cfg_.probe_interval_max)
      append(out, look_at_list(cfg_.probe_interval_max, now_s));
  } else {
    for (auto kind : cfg_.kinds) {
      if (is_ready(kind) || machine_.given_up.contains(kind))
        continue;
      if (since(machine_.node_up_s, now_s) > service_timeout(kind)) {
        machine_.given_up.insert(kind);
        out.push_back(
          say{severity::warning, std::string{to_string(kind)}
                                   + " service did not come up in time"});
        continue;
      }
      ask(std::string{to_string(kind)});
    }
    if (machine_.given_up.size() == cfg_.kinds.size()) {
      append(out, lose("none of its services came up", now_s));
      return out;
    }
    if (has_booted())
      return out;
  }
  append(out, arm(timer::boot_probe,
                  probe_interval(cfg_, since(machine_.boot_since_s, now_s))));
  return out;
}

effects policy::on_probed(const std::string& service, const result<void>& got,
                          double now_s) {
  machine_.probing.erase(service);
  if (!lives())
    return {};
  if (service.empty() && machine_.node_up_s != 0)
    return health_probed(got, now_s);
  if (!got)
    return {};
  if (service.empty()) {
    machine_.node_up_s = now_s;
    effects out{
      say{severity::info,
          "answers after "
            + std::to_string(since(machine_.launched_at_s, now_s).count())
            + " ms"}};
    append(out, boot_tick(now_s));
    return out;
  }
  auto kind = job_kind_from(service);
  return kind && !is_ready(*kind) ? service_ready(*kind, now_s) : effects{};
}

effects policy::service_ready(job_kind kind, double now_s) {
  machine_.ready.push_back(kind);
  machine_.given_up.erase(kind);
  auto took = since(machine_.launched_at_s, now_s);
  // The first one ends the boot.
  event about{phase_ == gpu_phase::booting ? "gpu_ready" : "gpu_service_ready"};
  about.type = to_string(kind);
  about.seconds = static_cast<double>(took.count()) / 1000;
  effects out{say{severity::info,
                  std::string{to_string(kind)} + " service is ready after "
                    + std::to_string(took.count()) + " ms",
                  std::move(about)}};
  if (phase_ == gpu_phase::booting) {
    phase_ = gpu_phase::ready;
    append(out, arm(timer::idle, idle_timeout()));
  }
  if (has_booted())
    out.push_back(write_ledger{entry()});
  out.push_back(update());
  return out;
}

// -- health ------------------------------------------------------------------

effects policy::on_ledger_doubt() {
  return health_tick(true, duration{0}, 0);
}

// The list that is asked for at the same time by all GPUs of a worker.
effects policy::list_tick(double now_s) {
  if (!lives())
    return {};
  auto out = look_at_list(cfg_.health_interval / 3, now_s);
  append(out, arm(timer::list, until_common_look(cfg_, now_s)));
  return out;
}

// What may be gone is looked up at once.
effects policy::look_soon(double now_s) {
  auto in_doubt = std::exchange(machine_.doubted, false)
                  || machine_.probes_failed > 0;
  return health_tick(in_doubt, cfg_.health_interval / 3, now_s);
}

// Two lists that do not show the GPU have to be two: none is older than the
// answer to the last question.
effects policy::look_at_list(duration most, double now_s) {
  if (std::exchange(machine_.list_asked, true))
    return {};
  duration since_last{
    static_cast<int64_t>((now_s - machine_.listed_at_s) * 1000)};
  return {list_workloads{list_purpose::health,
                         std::max(duration{0}, std::min(most, since_last))}};
}

effects policy::health_tick(bool with_list, duration age, double now_s) {
  if (!lives())
    return {};
  auto out = with_list ? look_at_list(age, now_s) : effects{};
  // The ledger's answer tells whether the GPU is still ours.
  out.push_back(write_ledger{entry()});
  if (machine_.node_up_s != 0 && machine_.probing.insert(std::string{}).second)
    out.push_back(probe{});
  else
    append(out, arm(timer::health, cfg_.health_interval));
  return out;
}

effects policy::health_listed(const std::vector<gpu_workload>& all,
                              double now_s) {
  if (!lives())
    return {};
  for (auto& x : all)
    if (x.workload == machine_.gpu.workload) {
      machine_.unlisted = 0;
      if (!is_ours(x))
        return not_ours();
      if (!machine_.gpu.node.empty() || x.node.empty())
        return {};
      machine_.gpu.node = x.node;
      effects out{write_ledger{entry()}};
      // One that was taken over may be up for long.
      if (cfg_.adopted && machine_.node_up_s == 0
          && machine_.probing.insert(std::string{}).second)
        out.push_back(probe{});
      return out;
    }
  // A list may lag behind a launch, and once is no proof.
  auto young = since(machine_.boot_since_s, now_s) < 2 * cfg_.health_interval;
  if (young || ++machine_.unlisted < 2)
    return {};
  return lose("is no longer among the running workloads", now_s);
}

effects policy::health_probed(const result<void>& got, double now_s) {
  if (got) {
    machine_.probes_failed = 0;
    return arm(timer::health, cfg_.health_interval);
  }
  if (++machine_.probes_failed < cfg_.health_tries)
    return arm(timer::health, cfg_.health_retry_delay);
  return lose("does not answer: " + got.error().message, now_s);
}

} // namespace render::gpu_instance
