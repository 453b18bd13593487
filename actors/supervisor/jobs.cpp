// What becomes of claimed jobs: a slot, another attempt, a final status, or
// the way back to the queue.
#include "actors/supervisor/lines.hpp"
#include "actors/supervisor/policy.hpp"
#include "messages/public_error.hpp"
#include "messages/render_handle.hpp"

#include <algorithm>

namespace render::supervisor {

namespace {

constexpr duration pending_check{1'000};
/// Of jobs that could not be done here; more than that is forgotten.
constexpr size_t unfit_tries_max = 1'000;

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

policy::held_job policy::hold(job x, const moment& now) const {
  held_job out;
  out.task = with_deadline(std::move(x), now, cfg_.default_max_time,
                           cfg_.max_render_time);
  return out;
}

effects policy::on_jobs_claimed(msg::jobs_claimed x, const moment& now) {
  auto now_s = now.steady_s;
  effects out;
  offer_.jobs_received += x.jobs.size();
  for (auto& bad : x.unfit)
    append(out,
           end(std::move(bad.subject), failed_outcome(std::move(bad.reason))));
  for (auto& subject : x.jobs) {
    auto id = subject.id;
    out.push_back(claimed_line(subject, now.unix_s));
    // What was reported as waiting waits no more.
    for (auto* waiting : {&queue_.by_type, &queue_.without_inputs})
      if (auto at = waiting->find(subject.type);
          at != waiting->end() && at->second > 0)
        --at->second;
    if (auto at = jobs_.find(id); at != jobs_.end()) {
      // One that waits for a slot goes on waiting, under the new claim.
      if (at->second.instance == 0 && !at->second.parked)
        at->second.task = hold(std::move(subject), now).task;
      else
        at->second.claimed_again = hold(std::move(subject), now).task;
      continue;
    }
    append(out, take(hold(std::move(subject), now), now_s));
  }
  append(out, capacity());
  append(out, scale(now_s));
  return out;
}

effects policy::take(held_job x, double now_s) {
  auto& subject = x.task.subject;
  auto id = subject.id;
  if (draining() || !fitness_.fit())
    return put_back(subject);
  // Workers died under it, or their GPUs: it is not tried for ever.
  if (subject.history.size() >= cfg_.attempts_max) {
    auto text = told(subject.history);
    return end(std::move(subject),
               failed_outcome({failure_kind::unavailable, std::move(text)}));
  }
  jobs_.insert_or_assign(id, std::move(x));
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

effects policy::place(const job_id& id, double now_s) {
  auto& x = jobs_.at(id);
  x.begun = false;
  auto slot = fitness_.fit() ? find_slot(x) : std::nullopt;
  if (!slot) {
    if (x.pending_since_s == 0)
      x.pending_since_s = now_s;
    x.instance = 0;
    pending_.push_back(id);
    return watch_pending();
  }
  x.pending_since_s = 0;
  x.placed_s = now_s;
  x.instance = *slot;
  gpus_.at(*slot).jobs.push_back(id);
  return {run_on{*slot, x.task}, placed_line(x.task.subject, *slot)};
}

effects policy::place_pending(double now_s) {
  effects out;
  for (auto& id : std::exchange(pending_, {})) {
    auto& x = jobs_.at(id);
    if (now_s >= x.task.deadline_s) {
      auto late = std::move(jobs_.extract(id).mapped());
      failure why{failure_kind::deadline_passed, late.task.deadline_error};
      append(out,
             let_go(std::move(late), failed_outcome(std::move(why)), now_s));
      continue;
    }
    append(out, place(id, now_s));
    // Somebody else may have a slot.
    auto patience = !fitness_.fit()   ? duration{0}
                    : x.failures == 0 ? cfg_.pending_max
                                      : cfg_.retry_pending_max;
    if (x.instance == 0 && now_s - x.pending_since_s >= in_seconds(patience)) {
      pending_.pop_back();
      append(out, let_go(std::move(jobs_.extract(id).mapped()), back_to_queue{},
                         now_s));
    }
  }
  return out;
}

effects policy::watch_pending() {
  if (pending_.empty() || due_.pending != 0)
    return {};
  due_.pending = ++last_.generation;
  return {arm_timer{timer::pending, due_.pending, pending_check}};
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
    if (draining() && worth_another_gpu(x.outcome.error.kind)
        && !x.outcome.success())
      farewell_.distrust(x.instance);
  }
  auto ended = std::move(jobs_.extract(at).mapped());
  if (!x.used.gpu.empty())
    ended.used.push_back(std::move(x.used));
  auto out = conclude(std::move(ended), std::move(x.outcome), now_s);
  append(out, settle_down(now_s));
  return out;
}

verdict policy::judge_end(const held_job& x, const job_outcome& outcome,
                          double now_s) {
  auto& subject = x.task.subject;
  attempt_end seen;
  seen.success = outcome.success();
  seen.kind = outcome.error.kind;
  seen.claimed_again = x.claimed_again.has_value();
  seen.draining = draining();
  seen.begun = x.begun;
  seen.parked = x.parked;
  seen.refusals = x.refusals;
  seen.failures = static_cast<uint32_t>(subject.history.size()) + 1;
  seen.failures_max = cfg_.attempts_max;
  seen.late = now_s >= x.task.deadline_s;
  if (!seen.success && seen.kind == failure_kind::unfit
      && !seen.claimed_again) {
    if (unfit_.tries.size() >= unfit_tries_max)
      unfit_.tries.clear();
    seen.unfit_tries = ++unfit_.tries[subject.id];
  }
  return judge(seen);
}

// The job is in nobody's hands here: whatever happens gives it a place again.
effects policy::conclude(held_job x, job_outcome outcome, double now_s) {
  auto what = judge_end(x, outcome, now_s);
  if (outcome.success()) {
    if (auto kind = job_kind_from(x.task.subject.type))
      estimates_.on_run(*kind, now_s - x.placed_s, now_s);
    fitness_.on_success();
    unfit_.tries.erase(x.task.subject.id);
  }
  switch (what) {
  case verdict::end: {
    effects out;
    if (outcome.success())
      out.push_back(
        rendered_event(x.task.subject, x.instance, now_s - x.placed_s));
    append(out, let_go(std::move(x), std::move(outcome), now_s));
    return out;
  }
  case verdict::run_newer_claim:
    return let_go(std::move(x), forgotten{}, now_s);
  case verdict::forget: {
    effects out{say{severity::info,
                    "job " + x.task.subject.id + ": " + outcome.error.message}};
    append(out, let_go(std::move(x), forgotten{}, now_s));
    return out;
  }
  case verdict::give_back:
    return let_go(std::move(x), back_to_queue{}, now_s);
  case verdict::give_back_unfit:
  case verdict::end_unfit:
    return cannot_do(std::move(x), what == verdict::end_unfit, outcome.error,
                     now_s);
  case verdict::try_elsewhere_refused:
    ++x.refusals;
    return begin_again(std::move(x), now_s);
  case verdict::try_elsewhere:
    return begin_again(std::move(x), now_s);
  case verdict::retry:
  case verdict::end_attempts:
  case verdict::end_late:
    return count_failure(std::move(x), what, outcome.error, now_s);
  }
  return {};
}

effects policy::let_go(held_job x, way_out how, double now_s) {
  auto& subject = x.task.subject;
  if (x.claimed_again) {
    // Whatever it came to, nothing can be written under the old claim.
    effects out{say{severity::info,
                    "job " + subject.id + ": was claimed again while it ran"}};
    held_job anew;
    anew.task = std::move(*x.claimed_again);
    append(out, take(std::move(anew), now_s));
    return out;
  }
  if (auto* outcome = std::get_if<job_outcome>(&how)) {
    outcome->receipt = receipt_json(x.used, cfg_.prices);
    return end(std::move(subject), std::move(*outcome), gpu_of(x));
  }
  if (std::holds_alternative<back_to_queue>(how))
    return put_back(subject);
  return {};
}

ledger_id policy::gpu_of(const held_job& x) const {
  auto at = gpus_.find(x.instance);
  return at == gpus_.end() ? ledger_id{} : at->second.last.ledger_id;
}

effects policy::end(job x, job_outcome outcome, ledger_id gpu) {
  // The texts of deadlines are fixed by the contract.
  if (!outcome.success() && outcome.error.kind != failure_kind::deadline_passed)
    make_public(outcome, beginning_of_error(x), x.data);
  else
    make_public(outcome, {}, x.data);
  // One that never had a GPU.
  if (outcome.receipt.empty())
    outcome.receipt = receipt_json({}, cfg_.prices);
  writes_.unsettled.insert_or_assign(
    x.id, ended_job{outcome.success(), x.type, outcome.error_code, x.attempt,
                    x.created_at_s, x.complete_by_s});
  return {settle{{std::move(x), std::move(outcome), std::move(gpu)}}};
}

effects policy::begin_again(held_job x, double now_s) {
  auto id = x.task.subject.id;
  x.avoid_instance = x.instance;
  jobs_.insert_or_assign(id, std::move(x));
  return place(id, now_s);
}

// A GPU has failed under it.
effects policy::count_failure(held_job x, verdict what, const failure& why,
                              double now_s) {
  ++x.failures;
  x.task.subject.remote.clear();
  auto& history = x.task.subject.history;
  history.push_back(why.message);
  auto out = suspect(x.instance);
  if (what == verdict::retry) {
    auto about = about_job("attempt_failed", x.task.subject);
    about.gpu = x.instance;
    about.error_kind = to_string(why.kind);
    ++totals_.retried;
    ++x.task.subject.attempt;
    out.push_back(say{severity::warning,
                      "job " + x.task.subject.id + ": attempt "
                        + std::to_string(history.size()) + " of "
                        + std::to_string(cfg_.attempts_max)
                        + " failed, trying again: " + why.message,
                      std::move(about)});
    out.push_back(note_attempt{{x.task.subject, gpu_of(x)}});
    append(out, begin_again(std::move(x), now_s));
    return out;
  }
  auto late = what == verdict::end_late;
  auto text = told(history);
  if (late)
    text = x.task.deadline_error + " (" + text + ")";
  auto kind = late ? failure_kind::deadline_passed : why.kind;
  append(out,
         let_go(std::move(x), failed_outcome({kind, std::move(text)}), now_s));
  return out;
}

effects policy::suspect(uint64_t instance) {
  auto at = gpus_.find(instance);
  if (at == gpus_.end())
    return {};
  at->second.suspect_generation = ++last_.generation;
  return {arm_timer{timer::trust, last_.generation, cfg_.suspicion}};
}

effects policy::put_back(const job& x) {
  writes_.releasing.insert(x.id);
  return {release{x.id, x.fence},
          say{severity::info, "job " + x.id + ": goes back to the queue",
              about_job("job_returned", x)}};
}

effects policy::on_settled(msg::job_settled x, double unix_s) {
  effects out;
  writes_.refusals.erase(x.job_id);
  auto node = writes_.unsettled.extract(x.job_id);
  if (!x.written) {
    out.push_back(
      say{severity::info,
          "job " + x.job_id + ": was not ours any more, nothing was written"});
  } else if (!node.empty()) {
    ++(node.mapped().success ? totals_.succeeded : totals_.failed);
    out.push_back(ended_line(x.job_id, node.mapped(), unix_s));
  }
  for (auto& entry : x.webhooks)
    out.push_back(deliver{std::move(entry)});
  append(out, check_drained());
  return out;
}

effects policy::on_released(const job_id& id) {
  writes_.releasing.erase(id);
  writes_.refusals.erase(id);
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
  auto refusals = is_outage ? 1 : ++writes_.refusals[id];
  if (refusals >= cfg_.ledger_refusals_max) {
    out.push_back(say{severity::error,
                      "job " + id + ": its end was refused "
                        + std::to_string(refusals)
                        + " times and is given up; please look at its record "
                          "and at the keys of the outbox"});
    writes_.unsettled.erase(id);
    writes_.releasing.erase(id);
    writes_.refusals.erase(id);
    append(out, check_drained());
    return out;
  }
  auto delay
    = std::min(cfg_.ledger_retry_max,
               cfg_.ledger_retry_delay * (1 << std::min(refusals - 1, 16u)));
  writes_.put_off.emplace(++last_.generation, std::move(what));
  out.push_back(arm_timer{timer::ledger, last_.generation, delay});
  return out;
}

} // namespace render::supervisor
