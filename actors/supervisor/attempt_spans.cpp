#include "actors/supervisor/attempt_spans.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace render::supervisor {

namespace {

/// An end that is not written for so long is never told to be.
constexpr double forgotten_after_s = 900;

} // namespace

void attempt_spans::on_gpu_update(const msg::gpu_update& x, double now_s) {
  if (x.phase == gpu_phase::gone) {
    gpus_.erase(x.instance);
    return;
  }
  auto& known = gpus_[x.instance];
  known.type = x.type;
  known.entry = x.ledger_id;
  known.boot = x.boot;
  if (x.phase == gpu_phase::ready && known.ready_s == 0)
    known.ready_s = now_s;
}

void attempt_spans::on_gpu_died(uint64_t instance) {
  gpus_.erase(instance);
}

// A job that waited for its first attempt has waited since it was made.
void attempt_spans::on_claimed(const job& x, const moment& now) {
  if (auto at = jobs_.find(x.id); at != jobs_.end() && at->second.over_s == 0)
    end(x.id, at->second, "claimed again", now.steady_s, now);
  auto is_first = x.attempt <= 1 && x.history.empty();
  attempt out;
  out.at = is_first ? ids_.below(x.trace) : ids_.root();
  if (is_first)
    out.parent = x.trace.span;
  else if (x.trace)
    out.links.push_back(x.trace);
  out.first = out.at;
  out.type = x.type;
  out.number = x.attempt;
  out.start_s = now.steady_s;
  if (is_first && x.created_at_s > 0)
    out.start_s = std::min(out.start_s, now.steady_at(x.created_at_s));
  jobs_.insert_or_assign(x.id, std::move(out));
}

void attempt_spans::on_placed(msg::run_job& task, uint64_t instance,
                              const moment& now) {
  auto at = jobs_.find(task.subject.id);
  if (at == jobs_.end())
    return;
  auto& x = at->second;
  task.trace = x.at;
  x.left_s = 0;
  x.error.clear();
  if (auto on = gpus_.find(instance); on != gpus_.end()) {
    auto& known = on->second;
    x.workload = known.type;
    x.gpu = known.entry;
    auto waited_for_it = known.boot && known.ready_s > x.start_s;
    if (waited_for_it
        && std::find(x.links.begin(), x.links.end(), known.boot)
             == x.links.end())
      x.links.push_back(known.boot);
  }
  if (!std::exchange(x.waits, false))
    return;
  span wait;
  wait.name = "wait";
  wait.at = ids_.child(x.at);
  wait.parent = x.at.span;
  wait.start_s = now.unix_at(x.start_s);
  wait.end_s = now.unix_s;
  add(std::move(wait));
}

void attempt_spans::on_left(const job_id& id, const job_outcome& outcome,
                            double now_s) {
  auto at = jobs_.find(id);
  if (at == jobs_.end())
    return;
  at->second.left_s = now_s;
  if (!outcome.success())
    at->second.error = to_string(outcome.error.kind);
}

void attempt_spans::on_attempt_failed(const msg::note_attempt& x,
                                      const moment& now) {
  auto at = jobs_.find(x.subject.id);
  if (at == jobs_.end())
    return;
  auto& former = at->second;
  if (former.error.empty())
    former.error = to_string(failure_kind::unavailable);
  end(x.subject.id, former, "failed", now.steady_s, now);
  attempt next;
  next.at = ids_.root();
  next.first = former.first;
  next.links = {former.first};
  next.type = former.type;
  next.number = x.subject.attempt;
  next.start_s = now.steady_s;
  former = std::move(next);
}

void attempt_spans::on_end(msg::settle_job& x, const moment& now) {
  // Told before: its span has ended, and may be forgotten by now.
  if (x.outcome.trace)
    return;
  auto& id = x.subject.id;
  // One that was refused with its claim never waited for a place.
  if (!jobs_.contains(id))
    on_claimed(x.subject, now);
  auto& ended = jobs_.at(id);
  x.outcome.trace = ended.at;
  if (ended.over_s > 0)
    return;
  auto good = x.outcome.success();
  if (good)
    ended.error.clear();
  else
    ended.error = x.outcome.error_code.empty()
                    ? std::string{to_string(x.outcome.error.kind)}
                    : x.outcome.error_code;
  if (!x.gpu.empty())
    ended.gpu = x.gpu;
  end(id, ended, good ? "success" : "failed", now.steady_s, now);
}

void attempt_spans::on_returned(const job_id& id, const moment& now) {
  auto at = jobs_.find(id);
  if (at == jobs_.end())
    return;
  if (at->second.over_s > 0)
    return;
  // That it goes back is no error.
  at->second.error.clear();
  end(id, at->second, "returned", now.steady_s, now);
}

void attempt_spans::on_written(const job_id& id) {
  if (auto at = jobs_.find(id); at != jobs_.end() && at->second.over_s > 0)
    jobs_.erase(at);
}

void attempt_spans::keep(const msg::confirm_jobs& held, const moment& now) {
  std::set<job_id> ids;
  for (auto& x : held.claims)
    ids.insert(x.job_id);
  auto forget = [&](const job_id& id, attempt& x) {
    if (x.over_s > 0)
      return now.steady_s - x.over_s > forgotten_after_s;
    if (ids.contains(id))
      return false;
    end(id, x, "given up", x.left_s > 0 ? x.left_s : now.steady_s, now);
    return true;
  };
  for (auto at = jobs_.begin(); at != jobs_.end();)
    at = forget(at->first, at->second) ? jobs_.erase(at) : std::next(at);
}

span_context attempt_spans::of(const job_id& id) const {
  auto at = jobs_.find(id);
  return at == jobs_.end() ? span_context{} : at->second.at;
}

std::vector<span> attempt_spans::take() {
  return std::exchange(done_, {});
}

void attempt_spans::end(const job_id& id, attempt& x,
                        const std::string& outcome, double end_s,
                        const moment& now) {
  x.over_s = now.steady_s;
  span out;
  out.name = "job process";
  out.kind = span_kind::consumer;
  out.at = x.at;
  out.parent = x.parent;
  out.start_s = now.unix_at(x.start_s);
  out.end_s = now.unix_at(end_s);
  out.links = x.links;
  out.error = x.error;
  add_text(out, "messaging.system", "redis");
  add_text(out, "messaging.destination.name", "queue:jobs");
  add_text(out, "messaging.operation.name", "process");
  add_text(out, "messaging.operation.type", "process");
  add_text(out, "messaging.message.id", id);
  add_text(out, "c3.job.type", x.type);
  add_number(out, "c3.job.attempt", x.number);
  add_text(out, "c3.job.outcome", outcome);
  add_text(out, "c3.gpu.workload", x.workload);
  add_text(out, "c3.gpu.id", x.gpu);
  add(std::move(out));
}

void attempt_spans::add(span x) {
  if (x.at.sampled)
    done_.push_back(std::move(x));
}

} // namespace render::supervisor
