// What an unfit worker does: it claims and launches nothing, gives its jobs
// back uncounted, and keeps results that wait for the storage.
#include "actors/supervisor/policy.hpp"

#include <algorithm>

namespace render::supervisor {

effects policy::follow(fitness::change x, double now_s) {
  effects out;
  if (x.began)
    out.push_back(
      say{severity::error,
          "unfit (" + fitness_.reason()
            + "), claiming nothing until that is mended: " + fitness_.text()});
  if (x.ended)
    out.push_back(say{severity::info, "fit again, claiming jobs"});
  if (x.probe)
    out.push_back(look_around{*x.probe});
  if (x.due_in) {
    unfit_.generation = ++last_generation_;
    out.push_back(arm_timer{timer::fitness, unfit_.generation, *x.due_in});
  }
  if (x.began || x.ended || fitness_.fit() != unfit_.told_fit) {
    unfit_.told_fit = fitness_.fit();
    append(out, settle_down(now_s));
  }
  return out;
}

effects policy::on_surroundings_seen(const msg::surroundings_seen& x,
                                     double now_s) {
  return follow(fitness_.on_seen(x), now_s);
}

// Uncounted, and no GPU is to blame. The same job may be what this worker
// cannot bear, though: it must not come back for ever.
effects policy::cannot_do(held_job x, bool for_good, const failure& why,
                          double now_s) {
  auto id = x.task.subject.id;
  effects out{say{severity::warning,
                  "job " + id + ": cannot be done here now: " + why.message}};
  if (for_good) {
    auto tries = std::to_string(unfit_.tries[id]);
    unfit_.tries.erase(id);
    append(out, let_go(std::move(x),
                       failed_outcome(
                         {failure_kind::internal,
                          "the worker's disk, memory, network or storage has "
                          "failed "
                            + tries + " times under this job"}),
                       now_s));
  } else {
    append(out, let_go(std::move(x), back_to_queue{}, now_s));
  }
  append(out, follow(fitness_.on_failure("job", why.message), now_s));
  return out;
}

effects policy::on_render_parked(const job_id& id, const failure& why,
                                 double now_s) {
  auto at = jobs_.find(id);
  if (at == jobs_.end() || at->second.parked)
    return {};
  auto& x = at->second;
  if (auto on = gpus_.find(x.instance); on != gpus_.end()) {
    std::erase(on->second.jobs, id);
    on->second.idle_since_s = now_s;
  }
  x.instance = 0;
  x.parked = true;
  effects out;
  if (drain_.phase == drain_phase::halting)
    out.push_back(
      stop_renderer{id, {failure_kind::shutting_down, "the node stops"}});
  append(out, follow(fitness_.on_failure("storage", why.message), now_s));
  append(out, settle_down(now_s));
  return out;
}

effects policy::on_parked_ended(const job_id& id, job_outcome outcome,
                                double now_s) {
  auto at = jobs_.find(id);
  if (at == jobs_.end() || !at->second.parked)
    return {};
  auto out = conclude(std::move(jobs_.extract(at).mapped()), std::move(outcome),
                      now_s);
  append(out, settle_down(now_s));
  return out;
}

effects policy::stop_parked(const std::string& reason) const {
  effects out;
  for (auto& [id, x] : jobs_)
    if (x.parked)
      out.push_back(stop_renderer{id, {failure_kind::shutting_down, reason}});
  return out;
}

} // namespace render::supervisor
