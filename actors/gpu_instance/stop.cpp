// The end of a GPU: asked for until the provider has confirmed it.
#include "actors/gpu_instance/policy.hpp"
#include "messages/http.hpp"
#include "messages/text/append.hpp"

#include <algorithm>

namespace render::gpu_instance {

effects policy::lose(const std::string& why, double now_s) {
  ending_.failed = true;
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
    ending_.reason = why;
    return {say{severity::info, why + ": takes no more jobs"}, update()};
  }
  if (phase_ == gpu_phase::launching) {
    // A call under way may rent a GPU yet: its answer is waited for.
    if (attempt_.is<launch_attempt::over>())
      return begin_stop(why, now_s);
    stop_wanted_ = why;
  }
  return {};
}

effects policy::begin_stop(const std::string& why, double) {
  if (phase_ == gpu_phase::stopping || phase_ == gpu_phase::gone)
    return {};
  enter(gpu_phase::stopping);
  ending_.reason = why;
  effects out;
  if (machine_.gpu.workload.empty()) {
    ending_.stop = stopped{};
  } else {
    out.push_back(say{severity::info, "stopping: " + why});
    // Whoever was paused for long may find that it is another worker's now.
    out.push_back(write_ledger{entry()});
    ending_.stop = held{};
  }
  out.push_back(update());
  append(out, maybe_gone());
  return out;
}

effects policy::send_stop() {
  ending_.stop = asked{};
  if (!machine_.is_known)
    return {list_workloads{list_purpose::stop_check}};
  return {stop{machine_.gpu.workload}};
}

effects policy::stop_checked(const result<std::vector<gpu_workload>>& got,
                             double now_s) {
  auto* step = std::get_if<asked>(&ending_.stop);
  if (!step)
    return {};
  auto known = machine_.is_known;
  if (!got && !known)
    return stop_failed("the workload list cannot be read: "
                       + got.error().message);
  if (got)
    for (auto& x : *got)
      if (x.workload == machine_.gpu.workload && x.running) {
        if (!is_ours(x))
          return not_ours();
        return {stop{x.workload}};
      }
  // A list that lags does not show what has just been launched.
  auto young = (now_s - machine_.launched_at_s) * 1000
               < 2 * static_cast<double>(cfg_.health_interval.count());
  if (known && (!got || young))
    return {stop{machine_.gpu.workload}};
  if (!known && ++step->looks < cfg_.adopted_lookups)
    return arm(timer::stop_retry, cfg_.adopted_lookup_interval);
  ending_.stop = stopped{};
  return maybe_gone();
}

// An entry of the ledger can be anybody's word, and the account may have
// workloads that are none of ours. When it was made does not tell: whoever
// forges an entry chooses its intent, and one that Redis had lost was written
// again.
bool policy::is_ours(const gpu_workload& listed) {
  machine_.is_known = machine_.is_known
                      || looks_like(attempt_.intent(), listed);
  return machine_.is_known;
}

effects policy::not_ours() {
  effects out{say{severity::error,
                  "the ledger says that workload "
                    + excerpt(machine_.gpu.workload, 300)
                    + " is ours, but the provider lists it with a type or an "
                      "end that this launch did not ask for: it is left "
                      "alone, and the entry is removed"}};
  // Nothing of it is repeated from here on.
  enter(gpu_phase::stopping);
  ending_.reason = "not ours";
  ending_.stop = stopped{};
  out.push_back(update());
  append(out, maybe_gone());
  return out;
}

effects policy::on_given_away() {
  return disown(severity::info, "another worker has been given it");
}

effects policy::disown(severity level, const std::string& why) {
  if (ending_.is<disowned>() || phase_ == gpu_phase::gone)
    return {};
  enter(gpu_phase::stopping);
  ending_.reason = why;
  ending_.stop = disowned{};
  effects out{say{level, ending_.reason + "; it is left alone"}};
  if (!running_.empty())
    out.push_back(stop_renderers{{failure_kind::unavailable, ending_.reason}});
  out.push_back(update());
  append(out, maybe_gone());
  return out;
}

effects policy::on_stopped(const result<double>& got, double) {
  if (phase_ != gpu_phase::stopping || ending_.over())
    return {};
  if (!got)
    return stop_failed(got.error().message);
  ending_.stop = stopped{*got};
  effects out{say{severity::info, "stopped, refund " + std::to_string(*got),
                  event{"gpu_stopped"}}};
  append(out, maybe_gone());
  return out;
}

effects policy::stop_failed(const std::string& why) {
  auto* step = std::get_if<asked>(&ending_.stop);
  if (!step)
    return {};
  if (step->attempt >= cfg_.stop_tries_max) {
    ending_.stop = leaked{};
    effects out{say{severity::error,
                    "could not confirm the stop of workload "
                      + machine_.gpu.workload
                      + ", please stop it at the provider: " + why,
                    event{"gpu_stop_unconfirmed"}}};
    append(out, maybe_gone());
    return out;
  }
  auto delay = cfg_.stop_delays.empty()
                 ? duration{5'000}
                 : cfg_.stop_delays[std::min<size_t>(
                   step->attempt - 1, cfg_.stop_delays.size() - 1)];
  auto out = arm(timer::stop_retry, delay);
  // From then on it is more than a lost packet, and the GPU is paid for.
  constexpr uint32_t hiccups = 2;
  auto level = step->attempt > hiccups ? severity::error : severity::warning;
  out.push_back(say{level, why + ", attempt " + std::to_string(step->attempt)
                             + " of " + std::to_string(cfg_.stop_tries_max)
                             + ", next in "
                             + std::to_string(delay.count() / 1000) + " s"});
  ++step->attempt;
  return out;
}

effects policy::maybe_gone() {
  if (phase_ != gpu_phase::stopping || !ending_.over() || !running_.empty())
    return {};
  enter(gpu_phase::gone);
  effects out;
  // What is not certain stays in the ledger, for another look.
  auto unsure = attempt_.is<launch_attempt::looking_up>()
                || ending_.is<leaked>() || ending_.is<disowned>();
  if (attempt_.recorded() && unsure) {
    out.push_back(leave_ledger{attempt_.intent().id});
  } else if (attempt_.recorded()) {
    auto* confirmed = std::get_if<stopped>(&ending_.stop);
    out.push_back(
      close_ledger{entry(), ending_.reason, confirmed ? confirmed->refund : 0});
  }
  out.push_back(update());
  out.push_back(quit{});
  return out;
}

} // namespace render::gpu_instance
