// No GPU is launched for jobs whose inputs cannot be used: the first few of
// them are looked at before.
#include "actors/supervisor/policy.hpp"

#include <limits>

namespace render::supervisor {

uint32_t policy::worth_a_gpu(const std::string& type, double now_s) const {
  auto& gate = demands_.at(type).inputs;
  auto worth = backlog_;
  for (auto& [job_type, count] : worth) {
    auto at = without_inputs_.find(job_type);
    auto without = at == without_inputs_.end() ? 0 : at->second;
    count = gate.usable(cfg_.inputs, count, without, now_s);
  }
  return shortage_of(type, worth, now_s).others;
}

effects policy::look_first(const std::string& type, uint32_t jobs,
                           double now_s) {
  demands_[type].inputs.begin(now_s);
  look_at_inputs what{type, {}};
  for (auto& [kind, workload] : cfg_.workload_of_kind)
    if (workload == type)
      what.job_types.emplace_back(to_string(kind));
  return {std::move(what),
          say{severity::info, "no GPU yet for " + std::to_string(jobs)
                                + " job(s) that wait for " + type
                                + ": their inputs are looked at first"}};
}

effects policy::on_inputs_seen(const std::string& type,
                               const result<msg::inputs_seen>& got,
                               double now_s) {
  demands_[type].inputs.end(cfg_.inputs, got, now_s);
  if (draining())
    return {};
  effects out;
  if (!got) {
    out.push_back(
      say{severity::warning, "the inputs of jobs that wait for " + type
                               + " are not looked at: " + got.error().message});
  } else if (got->refused > 0) {
    out.push_back(
      say{severity::info, std::to_string(got->refused)
                            + " job(s) that waited for " + type
                            + " are refused, and no GPU is launched for them"});
    // What else waits decides.
    out.push_back(look_at_queue{});
    return out;
  }
  // Others have taken what was there.
  auto left_to_others = got && got->usable == 0;
  append(out, scale_type(type, now_s,
                         left_to_others
                           ? std::optional{std::numeric_limits<uint64_t>::max()}
                           : std::nullopt));
  return out;
}

} // namespace render::supervisor
