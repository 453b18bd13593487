#include "actors/renderer/run.hpp"

namespace render {

namespace {

bool is_want_of_answer(const failure& why) noexcept {
  return why.kind == failure_kind::unavailable
         || why.kind == failure_kind::outcome_unknown;
}

} // namespace

bool run::finish(job_outcome outcome) {
  if (phase_ != phase::working)
    return false;
  phase_ = phase::ended;
  outcome_ = std::move(outcome);
  return true;
}

bool run::interrupt(failure why) {
  if (phase_ != phase::working)
    return false;
  // Whoever has given the GPU up has had no answer from it either.
  note_failure(why);
  phase_ = phase::interrupting;
  outcome_ = failed_outcome(std::move(why));
  return true;
}

bool run::interrupted() {
  if (phase_ != phase::interrupting)
    return false;
  phase_ = phase::ended;
  return true;
}

void run::note_failure(const failure& why) noexcept {
  unanswered_ = unanswered_ || is_want_of_answer(why);
}

bool run::doubts_network() const noexcept {
  return phase_ == phase::ended && unanswered_ && !outcome_.success()
         && is_want_of_answer(outcome_.error);
}

void run::blame_network() {
  outcome_.error = with_context("neither the GPU nor the provider's API can be "
                                "reached from here",
                                std::move(outcome_.error));
  outcome_.error.kind = failure_kind::unfit;
}

bool run::note(const std::string& stage, double progress) {
  if (progress >= 0)
    progress_ = progress;
  if (stage.empty() || stage == stage_)
    return false;
  stage_ = stage;
  return true;
}

bool may_be_lost(const job& x) noexcept {
  return x.attempt > 1;
}

bool asks_before(const step& next, std::chrono::milliseconds unheard,
                 std::chrono::milliseconds slept_after) noexcept {
  auto works = std::holds_alternative<call>(next.next)
               || std::holds_alternative<stream>(next.next);
  return works && unheard > slept_after;
}

std::optional<failure> reason_to_stop(const msg::ownership& x) {
  if (x.ours)
    return std::nullopt;
  if (x.status.empty())
    return failure{failure_kind::cancelled, "the job's record was deleted"};
  if (x.status == "running" || x.status == "queued")
    return failure{failure_kind::not_owner, "another worker holds the job now"};
  return failure{failure_kind::cancelled,
                 "the front end set the job to " + x.status};
}

bool may_have_lost_job(const failure& why) noexcept {
  return why.kind == failure_kind::unavailable;
}

bool may_be_gone_on_with(const failure& why) noexcept {
  return why.kind == failure_kind::not_owner
         || why.kind == failure_kind::unavailable;
}

} // namespace render
