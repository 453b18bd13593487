// How the node stops: what runs may end, the rest goes back, every GPU stops or
// is given to another worker, every write is confirmed, the webhooks that are
// due are sent.
#include "actors/supervisor/policy.hpp"

#include <algorithm>

namespace render::supervisor {

effects policy::on_drain(const std::string& reason, double now_s,
                         bool hurries) {
  if (drain_.phase == drain_phase::finishing && hurries)
    return halt_all("hurried: " + reason);
  if (draining())
    return {};
  drain_.phase = drain_phase::finishing;
  effects out{say{severity::info,
                  "draining (" + reason + "): " + std::to_string(jobs_.size())
                    + " job(s) have "
                    + std::to_string(cfg_.drain_time.count() / 1000)
                    + " s to end"}};
  for (auto& [type, x] : launches_)
    append(out, scale_type(type, now_s));
  auto offered = offer_.told
                 && std::any_of(offer_.told->free.begin(),
                                offer_.told->free.end(), [](auto& x) {
                                  return x.count > 0;
                                });
  if (offered) {
    drain_.grace_generation = ++last_.generation;
    out.push_back(
      arm_timer{timer::claim_grace, drain_.grace_generation, cfg_.claim_grace});
  }
  append(out, capacity());
  for (auto& id : std::exchange(pending_, {}))
    append(out, let_go(std::move(jobs_.extract(id).mapped()), back_to_queue{},
                       now_s));
  append(out, leave_gpus(now_s));
  drain_.generation = ++last_.generation;
  out.push_back(arm_timer{timer::drain, drain_.generation, cfg_.drain_time});
  append(out, tell_others(now_s));
  append(out, check_drained());
  return out;
}

effects policy::halt_all(const std::string& reason) {
  drain_.phase = drain_phase::halting;
  effects out{say{severity::warning, reason + ": "
                                       + std::to_string(jobs_.size())
                                       + " running job(s) go back"}};
  for (auto& [instance, x] : gpus_)
    out.push_back(halt_gpu{instance, reason});
  append(out, stop_parked(reason));
  drain_.give_up_generation = ++last_.generation;
  out.push_back(
    arm_timer{timer::give_up, drain_.give_up_generation, cfg_.give_up_time});
  append(out, check_drained());
  return out;
}

effects policy::check_drained() {
  if (drain_.phase != drain_phase::finishing
      && drain_.phase != drain_phase::halting)
    return {};
  if (!gpus_.empty() || !jobs_.empty() || !writes_.unsettled.empty()
      || !writes_.releasing.empty() || drain_.grace_generation != 0)
    return {};
  drain_.phase = drain_phase::flushing;
  return {flush_webhooks{cfg_.flush_time}};
}

effects policy::on_flushed() {
  if (drain_.phase != drain_phase::flushing)
    return {};
  drain_.phase = drain_phase::done;
  return {finish{drain_.clean}};
}

} // namespace render::supervisor
