// What becomes of claimed jobs: a slot, another attempt, a final status, or
// the way back to the queue.
#include "actors/supervisor/policy.hpp"
#include "messages/render_handle.hpp"

#include <algorithm>

namespace render::supervisor {

namespace {

constexpr duration pending_check{1'000};
// A GPU refuses a job only in the moment it goes; more is a fault of its own.
constexpr uint32_t refusals_max = 5;

bool is_not_ours(failure_kind kind) {
  return kind == failure_kind::cancelled || kind == failure_kind::not_owner;
}

std::string told(const std::vector<std::string>& history) {
  if (history.size() == 1)
    return history.front();
  auto text = "failed after " + std::to_string(history.size()) + " attempts";
  for (size_t i = 0; i < history.size(); ++i)
    text += (i == 0 ? ": " : "; ") + std::to_string(i + 1) + ": " + history[i];
  return text;
}

/// How the worker before this one began the errors of each type. Front ends may
/// look for it.
std::string_view beginning_of_error(const job& x) {
  switch (job_kind_from(x.type).value_or(job_kind::analyze)) {
  case job_kind::csm:
    return "Error processing CSM job: ";
  case job_kind::whisper:
    return "Error processing Whisper job: ";
  case job_kind::portrait:
    return "Failed to generate portrait video: ";
  case job_kind::analyze:
    break;
  }
  return {};
}

} // namespace

bool worth_another_gpu(failure_kind kind) {
  return kind == failure_kind::unavailable
         || kind == failure_kind::outcome_unknown
         || kind == failure_kind::aborted;
}

policy::held_job policy::hold(job x, double now_s) const {
  held_job out;
  out.task = with_deadline(std::move(x), now_s, cfg_.default_max_time,
                           cfg_.max_render_time);
  return out;
}

effects policy::on_jobs_claimed(msg::jobs_claimed x, double now_s) {
  effects out;
  jobs_received_ += x.jobs.size();
  for (auto& bad : x.unfit)
    append(out, end(hold(std::move(bad.subject), now_s),
                    failed_outcome(std::move(bad.reason))));
  for (auto& subject : x.jobs) {
    auto id = subject.id;
    // What was reported as waiting waits no more.
    for (auto* waiting : {&backlog_, &without_inputs_})
      if (auto at = waiting->find(subject.type);
          at != waiting->end() && at->second > 0)
        --at->second;
    if (auto at = jobs_.find(id); at != jobs_.end()) {
      // One that waits for a slot goes on waiting, under the new claim.
      if (at->second.instance == 0)
        at->second.task = hold(std::move(subject), now_s).task;
      else
        at->second.claimed_again = std::move(subject);
      continue;
    }
    append(out, take(std::move(subject), now_s));
  }
  append(out, capacity());
  append(out, scale(now_s));
  return out;
}

effects policy::take(job x, double now_s) {
  auto id = x.id;
  if (draining() || !fitness_.fit())
    return put_back(x);
  // Workers died under it, or their GPUs: it is not tried for ever.
  if (x.history.size() >= cfg_.attempts_max) {
    auto text = told(x.history);
    return end(hold(std::move(x), now_s),
               failed_outcome({failure_kind::unavailable, std::move(text)}));
  }
  jobs_.insert_or_assign(id, hold(std::move(x), now_s));
  return place(id, now_s);
}

// The one on which a former owner's render still runs; else the youngest GPU
// that fits: it has the most life left. One under which the job has failed
// comes last.
std::optional<uint64_t> policy::find_slot(const held_job& x) const {
  auto kind = job_kind_from(x.task.subject.type);
  auto runs_on = read_handle(x.task.subject.remote);
  std::optional<uint64_t> out;
  for (auto at = gpus_.rbegin(); at != gpus_.rend(); ++at) {
    auto& [instance, candidate] = *at;
    auto& ready = candidate.last.ready_kinds;
    if (free_slots(candidate) == 0 || !kind
        || std::find(ready.begin(), ready.end(), *kind) == ready.end())
      continue;
    if (runs_on && runs_on->node == candidate.last.node)
      return instance;
    if (!out || *out == x.avoid_instance)
      out = instance;
  }
  return out;
}

effects policy::place(const std::string& job_id, double now_s) {
  auto& x = jobs_.at(job_id);
  x.begun = false;
  auto slot = fitness_.fit() ? find_slot(x) : std::nullopt;
  if (!slot) {
    if (x.pending_since_s == 0)
      x.pending_since_s = now_s;
    x.instance = 0;
    pending_.push_back(job_id);
    return watch_pending();
  }
  x.pending_since_s = 0;
  x.instance = *slot;
  gpus_.at(*slot).jobs.push_back(job_id);
  return {run_on{*slot, x.task}};
}

effects policy::place_pending(double now_s) {
  effects out;
  for (auto& id : std::exchange(pending_, {})) {
    auto& x = jobs_.at(id);
    if (now_s >= x.task.deadline_s) {
      auto late = std::move(jobs_.extract(id).mapped());
      failure why{failure_kind::deadline_passed, late.task.deadline_error};
      append(out, end(std::move(late), failed_outcome(std::move(why))));
      continue;
    }
    append(out, place(id, now_s));
    // Somebody else may have a slot.
    auto patience = !fitness_.fit()   ? duration{0}
                    : x.failures == 0 ? cfg_.pending_max
                                      : cfg_.retry_pending_max;
    if (x.instance == 0 && now_s - x.pending_since_s >= in_seconds(patience)) {
      pending_.pop_back();
      append(out, put_back(jobs_.extract(id).mapped().task.subject));
    }
  }
  return out;
}

effects policy::watch_pending() {
  if (pending_.empty() || pending_generation_ != 0)
    return {};
  pending_generation_ = ++last_generation_;
  return {arm_timer{timer::pending, pending_generation_, pending_check}};
}

// A GPU takes jobs in the order they were sent, and tells how many it runs.
void policy::mark_begun(const gpu& x) {
  auto count = std::min<size_t>(x.last.busy_slots, x.jobs.size());
  for (size_t i = 0; i < count; ++i)
    jobs_.at(x.jobs[i]).begun = true;
}

effects policy::on_job_ended(msg::job_ended x, double now_s) {
  auto& id = x.subject.id;
  auto at = jobs_.find(id);
  if (at == jobs_.end() || at->second.instance != x.instance)
    return {}; // It has ended before, or runs elsewhere by now.
  if (auto on = gpus_.find(x.instance); on != gpus_.end()) {
    std::erase(on->second.jobs, id);
    on->second.idle_since_s = now_s;
  }
  auto held = std::move(jobs_.extract(at).mapped());
  auto kind = x.outcome.error.kind;
  effects out;
  if (x.outcome.success()) {
    fitness_.on_success();
    unfit_tries_.erase(id);
  }
  if (auto& again = held.claimed_again) {
    // Whatever it came to, nothing can be written under the old claim.
    out.push_back(
      say{severity::info, "job " + id + ": was claimed again while it ran"});
    append(out, take(std::move(*again), now_s));
  } else if (x.outcome.success()) {
    append(out, end(std::move(held), std::move(x.outcome)));
  } else if (is_not_ours(kind)) {
    out.push_back(
      say{severity::info, "job " + id + ": " + x.outcome.error.message});
  } else if (kind == failure_kind::unfit) {
    append(out, cannot_do(std::move(held), x.outcome.error, now_s));
  } else if (draining()
             && (kind == failure_kind::shutting_down
                 || worth_another_gpu(kind))) {
    append(out, put_back(held.task.subject));
  } else if (kind == failure_kind::shutting_down
             || (worth_another_gpu(kind) && !held.begun
                 && ++held.refusals <= refusals_max)) {
    // The GPU was on its way out: it was no attempt.
    append(out, begin_again(std::move(held), now_s));
  } else if (worth_another_gpu(kind)) {
    append(out, retry(std::move(held), x.outcome.error, now_s));
  } else {
    append(out, end(std::move(held), std::move(x.outcome)));
  }
  append(out, settle_down(now_s));
  return out;
}

effects policy::end(held_job x, job_outcome outcome) {
  // The texts of deadlines are fixed by the contract.
  if (!outcome.success() && outcome.error.kind != failure_kind::deadline_passed)
    outcome.error.message.insert(0, beginning_of_error(x.task.subject));
  unsettled_.insert_or_assign(x.task.subject.id, outcome.success());
  return {settle{{std::move(x.task.subject), std::move(outcome)}}};
}

effects policy::begin_again(held_job x, double now_s) {
  auto id = x.task.subject.id;
  x.avoid_instance = x.instance;
  jobs_.insert_or_assign(id, std::move(x));
  return place(id, now_s);
}

effects policy::retry(held_job x, const failure& why, double now_s) {
  ++x.failures;
  x.task.subject.remote.clear();
  auto& history = x.task.subject.history;
  history.push_back(why.message);
  auto out = suspect(x.instance);
  auto late = now_s >= x.task.deadline_s;
  if (late || history.size() >= cfg_.attempts_max) {
    auto text = told(history);
    if (late)
      text = x.task.deadline_error + " (" + text + ")";
    auto kind = late ? failure_kind::deadline_passed : why.kind;
    append(out, end(std::move(x), failed_outcome({kind, std::move(text)})));
    return out;
  }
  ++retried_;
  ++x.task.subject.attempt;
  out.push_back(
    say{severity::warning, "job " + x.task.subject.id + ": attempt "
                             + std::to_string(history.size()) + " of "
                             + std::to_string(cfg_.attempts_max)
                             + " failed, trying again: " + why.message});
  out.push_back(note_attempt{x.task.subject});
  append(out, begin_again(std::move(x), now_s));
  return out;
}

effects policy::suspect(uint64_t instance) {
  auto at = gpus_.find(instance);
  if (at == gpus_.end())
    return {};
  at->second.suspect_generation = ++last_generation_;
  return {arm_timer{timer::trust, last_generation_, cfg_.suspicion}};
}

effects policy::put_back(const job& x) {
  releasing_.insert(x.id);
  return {release{x.id, x.fence},
          say{severity::info, "job " + x.id + ": goes back to the queue"}};
}

effects policy::on_settled(msg::job_settled x) {
  effects out;
  refusals_.erase(x.job_id);
  auto node = unsettled_.extract(x.job_id);
  if (!x.written)
    out.push_back(
      say{severity::info,
          "job " + x.job_id + ": was not ours any more, nothing was written"});
  else if (!node.empty())
    ++(node.mapped() ? succeeded_ : failed_);
  for (auto& entry : x.webhooks)
    out.push_back(deliver{std::move(entry)});
  append(out, check_drained());
  return out;
}

effects policy::on_released(const std::string& job_id) {
  releasing_.erase(job_id);
  refusals_.erase(job_id);
  return check_drained();
}

effects policy::on_write_failed(ledger_write what, const failure& why) {
  auto id = std::holds_alternative<settle>(what)
              ? std::get<settle>(what).what.subject.id
              : std::get<release>(what).job_id;
  effects out{
    say{severity::warning,
        "job " + id + ": its end is not written yet, " + why.message}};
  // Silence was wait enough.
  if (why.kind == failure_kind::outcome_unknown) {
    std::visit(
      [&](auto& x) {
        out.push_back(std::move(x));
      },
      what);
    return out;
  }
  // An outage ends; what Redis finds wrong with the write stays wrong.
  auto is_outage = why.kind == failure_kind::unavailable;
  auto refusals = is_outage ? 1 : ++refusals_[id];
  if (refusals >= cfg_.ledger_refusals_max) {
    out.push_back(say{severity::error,
                      "job " + id + ": its end was refused "
                        + std::to_string(refusals)
                        + " times and is given up; please look at its record "
                          "and at the keys of the outbox"});
    unsettled_.erase(id);
    releasing_.erase(id);
    refusals_.erase(id);
    append(out, check_drained());
    return out;
  }
  auto delay
    = std::min(cfg_.ledger_retry_max,
               cfg_.ledger_retry_delay * (1 << std::min(refusals - 1, 16u)));
  refused_writes_.emplace(++last_generation_, std::move(what));
  out.push_back(arm_timer{timer::ledger, last_generation_, delay});
  return out;
}

} // namespace render::supervisor
