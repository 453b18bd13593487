#include "actors/supervisor/verdict.hpp"

namespace render::supervisor {

namespace {

// A GPU refuses a job only in the moment it goes; more is a fault of its own.
constexpr uint32_t refusals_max = 5;

verdict after_lost_gpu(const attempt_end& x) {
  // The GPU of a parked job had done its part.
  if (x.draining || x.parked)
    return verdict::give_back;
  if (!x.begun && x.refusals < refusals_max)
    return verdict::try_elsewhere_refused;
  if (x.late)
    return verdict::end_late;
  return x.failures >= x.failures_max ? verdict::end_attempts : verdict::retry;
}

} // namespace

bool worth_another_gpu(failure_kind kind) {
  return kind == failure_kind::unavailable
         || kind == failure_kind::outcome_unknown
         || kind == failure_kind::aborted;
}

verdict judge(const attempt_end& x) {
  if (x.claimed_again)
    return verdict::run_newer_claim;
  if (x.success)
    return verdict::end;
  switch (x.kind) {
  case failure_kind::cancelled:
  case failure_kind::not_owner:
    return verdict::forget;
  case failure_kind::unfit:
    return x.unfit_tries >= x.failures_max && !x.draining
             ? verdict::end_unfit
             : verdict::give_back_unfit;
  case failure_kind::shutting_down:
    return x.draining || x.parked ? verdict::give_back : verdict::try_elsewhere;
  default:
    return worth_another_gpu(x.kind) ? after_lost_gpu(x) : verdict::end;
  }
}

} // namespace render::supervisor
