// The end of a GPU: asked for until the provider has confirmed it.
#include "actors/gpu_instance/policy.hpp"
#include "messages/http.hpp"
#include "messages/text/append.hpp"

#include <algorithm>

namespace render::gpu_instance {

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
  if (!is_known_)
    return {list_workloads{list_purpose::stop_check}};
  return {stop{gpu_.workload}};
}

effects policy::stop_checked(const result<std::vector<gpu_workload>>& got,
                             double now_s) {
  if (phase_ != gpu_phase::stopping || stop_confirmed_)
    return {};
  if (!got && !is_known_)
    return stop_failed("the workload list cannot be read: "
                       + got.error().message);
  if (got)
    for (auto& x : *got)
      if (x.workload == gpu_.workload && x.running) {
        if (!is_ours(x))
          return not_ours();
        return {stop{gpu_.workload}};
      }
  // A list that lags does not show what has just been launched.
  auto young = (now_s - launched_at_s_) * 1000
               < 2 * static_cast<double>(cfg_.health_interval.count());
  if (is_known_ && (!got || young))
    return {stop{gpu_.workload}};
  if (!is_known_ && ++lookups_ < cfg_.adopted_lookups)
    return arm(timer::stop_retry, cfg_.adopted_lookup_interval);
  stop_confirmed_ = true;
  return maybe_gone();
}

// An entry of the ledger can be anybody's word, and the account may have
// workloads that are none of ours. When it was made does not tell: whoever
// forges an entry chooses its intent, and one that Redis had lost was written
// again.
bool policy::is_ours(const gpu_workload& listed) {
  is_known_ = is_known_ || looks_like(entry(), listed);
  return is_known_;
}

effects policy::not_ours() {
  effects out{say{severity::error,
                  "the ledger says that workload " + excerpt(gpu_.workload, 300)
                    + " is ours, but the provider lists it with a type or an "
                      "end that this launch did not ask for: it is left "
                      "alone, and the entry is removed"}};
  // Nothing of it is repeated from here on.
  reason_ = "not ours";
  phase_ = gpu_phase::stopping;
  for (auto& x : generations_)
    ++x;
  stop_held_ = false;
  stop_confirmed_ = true;
  out.push_back(update());
  append(out, maybe_gone());
  return out;
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

} // namespace render::gpu_instance
