#pragma once
// Decides what becomes of a job when an attempt at it has ended. Pure.
#include "messages/failure.hpp"

#include <cstdint>

namespace render::supervisor {

/// An attempt at a job that this worker holds, and how it ended.
struct attempt_end {
  bool success = false;
  /// Of the failure; means nothing after a success.
  failure_kind kind = failure_kind::internal;
  /// The same job was queued anew and claimed by this worker meanwhile.
  bool claimed_again = false;
  bool draining = false;
  /// The GPU had said that it runs the job.
  bool begun = false;
  /// The render was done; only its result waited for the storage.
  bool parked = false;
  /// GPUs that were on their way out when the job reached them.
  uint32_t refusals = 0;
  /// GPUs that have failed under the job, this one included, and how many may.
  uint32_t failures = 0;
  uint32_t failures_max = 0;
  /// How often this worker could not do the job, this time included.
  uint32_t unfit_tries = 0;
  /// Its deadline has passed.
  bool late = false;
};

enum class verdict : uint8_t {
  /// The newer claim is run: nothing can be written under the old one.
  run_newer_claim,
  /// The outcome is final.
  end,
  /// The job is cancelled, or another worker's: nothing is written.
  forget,
  /// Back to the queue as it was.
  give_back,
  /// The same, and this worker is unfit.
  give_back_unfit,
  /// It has made this worker unfit too often: failed for good.
  end_unfit,
  /// To another GPU; it was no attempt.
  try_elsewhere,
  /// The same, as the GPU was on its way out: not for ever.
  try_elsewhere_refused,
  /// To another GPU; the attempt counts.
  retry,
  /// No attempt is left, or no time.
  end_attempts,
  end_late,
};

verdict judge(const attempt_end& x);

/// Infrastructure has failed; another GPU may do better.
bool worth_another_gpu(failure_kind kind);

} // namespace render::supervisor
