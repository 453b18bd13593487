// A worker that leaves gives its paid GPUs to one that stays: the launch ledger
// first, then the GPU INSTANCE lets go, then the other worker is told. Without
// a worker to give them to, they stop.
#include "actors/supervisor/policy.hpp"

#include <algorithm>

namespace render::supervisor {

namespace {

constexpr auto reason = "the node drains";

/// Whose the GPUs are, only the ledger knows.
bool is_unknown(const failure& x) {
  return x.kind == failure_kind::unavailable
         || x.kind == failure_kind::outcome_unknown;
}

} // namespace

// One under suspicion, and one whose successor is there, is not worth it.
bool policy::is_worth_giving(const gpu& x) const {
  return (x.last.phase == gpu_phase::booting
          || x.last.phase == gpu_phase::ready)
         && !x.last.workload.empty() && x.suspect_generation == 0
         && x.successor == 0;
}

double policy::idle_for_s(const gpu& x, double now_s) const {
  if (x.last.phase != gpu_phase::ready)
    return x.idle_before_s;
  auto has_worked = x.idle_since_s > x.ready_since_s;
  return now_s - x.idle_since_s + (has_worked ? 0 : x.idle_before_s);
}

effects policy::leave_gpus(double now_s) {
  effects out;
  for (auto& [instance, x] : gpus_) {
    if (!x.told_to_stop && is_worth_giving(x) && farewell_.recipient(x.type))
      farewell_.keep(instance);
    else
      out.push_back(drain_gpu{instance, reason});
    x.told_to_stop = true;
  }
  append(out, give_idle(now_s));
  return out;
}

effects policy::give_idle(double now_s) {
  effects out;
  if (drain_.phase != drain_phase::finishing)
    return out;
  for (auto instance : farewell_.kept()) {
    auto& x = gpus_.at(instance);
    if (!x.jobs.empty())
      continue;
    auto to = is_worth_giving(x) && farewell_.trusts(instance)
                ? farewell_.recipient(x.type)
                : std::nullopt;
    if (to) {
      farewell_.offer(instance, x.last.ledger_id, *to, idle_for_s(x, now_s));
    } else {
      farewell_.forget(instance);
      out.push_back(drain_gpu{instance, reason});
    }
  }
  for (auto& order : farewell_.take_orders())
    out.push_back(hand_over{std::move(order)});
  return out;
}

effects policy::on_handed_over(const msg::hand_over_gpus& asked,
                               const result<msg::gpus_handed_over>& got) {
  auto finishing = drain_.phase == drain_phase::finishing;
  if (!got && finishing && is_unknown(got.error())) {
    farewell_.put_off(++last_.generation, asked);
    return {
      arm_timer{timer::hand_over, last_.generation, cfg_.ledger_retry_delay}};
  }
  effects out;
  uint32_t count = 0;
  for (auto& id : asked.entries) {
    auto instance = farewell_.answered(id);
    if (!instance)
      continue;
    if (got && std::count(got->entries.begin(), got->entries.end(), id) > 0) {
      ++count;
      out.push_back(let_go_of_gpu{*instance, id});
    } else if (finishing) {
      out.push_back(drain_gpu{*instance, reason});
    }
  }
  if (count > 0) {
    out.push_back(tell_given{asked.to});
    out.push_back(
      say{severity::info,
          std::to_string(count) + " GPU(s) are worker " + asked.to + "'s now"});
  }
  return out;
}

effects policy::on_hand_over_due(uint64_t generation) {
  auto what = farewell_.due(generation);
  if (!what)
    return {};
  return {hand_over{std::move(*what)}};
}

effects policy::on_gpus_given() {
  return draining() ? effects{} : effects{take_gpus{}};
}

} // namespace render::supervisor
