// No GPU is launched for jobs whose inputs cannot be used: the first few of
// them are looked at before.
#include "actors/supervisor/policy.hpp"

namespace render::supervisor {

effects policy::look_first(const workload_type& type, double now_s) {
  launches_[type].inputs.begin(now_s);
  look_at_inputs what{type, {}};
  for (auto& [kind, workload] : cfg_.workload_of_kind)
    if (workload == type)
      what.job_types.emplace_back(to_string(kind));
  return {std::move(what)};
}

effects policy::on_inputs_seen(const workload_type& type,
                               const result<msg::inputs_seen>& got,
                               double now_s) {
  launches_[type].inputs.end(cfg_.inputs, got, now_s);
  if (draining())
    return {};
  if (got && got->refused > 0) {
    auto out = tell(type,
                    {launch_reason_kind::inputs_refused,
                     got->refused,
                     0,
                     0,
                     0,
                     {},
                     waiting_for(type)},
                    now_s);
    // What else waits decides.
    out.push_back(look_at_queue{});
    return out;
  }
  effects out;
  if (!got)
    out.push_back(
      say{severity::warning, "the inputs of jobs that wait for " + type
                               + " are not looked at: " + got.error().message});
  // Others have taken what was there.
  std::optional<launching::slots_elsewhere> taken;
  if (got && got->usable == 0)
    taken = {waiting_for(type), now_s, launch_reason_kind::jobs_taken};
  append(out, scale_type(type, now_s, taken));
  return out;
}

} // namespace render::supervisor
