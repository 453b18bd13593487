#pragma once
// One attempt's course, as pure code: which step is under way, which answers
// are stale, and how it ends, exactly once. The first reason to end wins.
#include "actors/renderer/plan.hpp"
#include "actors/renderer/stages.hpp"
#include "messages/job.hpp"
#include "messages/queue.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace render {

class run {
public:
  enum class phase : uint8_t {
    /// The plan decides.
    working,
    /// Ending for a reason of ours; the remote work is being stopped.
    interrupting,
    ended,
  };

  /// Begins the next step; answers to all former ones are stale from now on.
  uint64_t begin_step() {
    return ++step_;
  }

  bool is_current(uint64_t step) const noexcept {
    return phase_ == phase::working && step == step_;
  }

  /// The plan has come to its end. False when it is too late for that.
  bool finish(job_outcome outcome);

  /// Something else ends the attempt. False when it is ending already.
  bool interrupt(failure why);

  /// The remote work is stopped, or is not worth more waiting. False when the
  /// attempt has ended before.
  bool interrupted();

  /// What the node or another is asked from now on has no answer yet.
  void ask() noexcept {
    unanswered_ = false;
  }

  /// A question was not answered, for this reason.
  void note_failure(const failure& why) noexcept;

  /// The attempt has failed for want of an answer. Whether this worker's own
  /// network is gone must be asked before anybody else is blamed.
  bool doubts_network() const noexcept;

  /// It is gone: the attempt ends as `unfit`.
  void blame_network();

  phase current_phase() const noexcept {
    return phase_;
  }

  /// Set once the attempt is ending or has ended.
  const job_outcome& outcome() const noexcept {
    return outcome_;
  }

  /// Takes over what a step says of itself; empty and negative: unchanged.
  /// True when the stage is a new one.
  bool note(const std::string& stage, double progress);

  const std::string& stage() const noexcept {
    return stage_;
  }

  double progress() const noexcept {
    return progress_;
  }

  /// For the metrics.
  stage_times times;

private:
  phase phase_ = phase::working;
  uint64_t step_ = 0;
  job_outcome outcome_;
  std::string stage_;
  double progress_ = -1;
  /// Of the last questions.
  bool unanswered_ = false;
};

/// Must ownership be asked before the attempt begins? A job that was tried
/// before has waited for its next GPU, and its lease may have run out.
bool may_be_lost(const job& x) noexcept;

/// Must ownership be asked before this step? Yes after `slept_after` without an
/// answer about it: the process has slept, and another worker may have begun
/// the same work. Steps that wait or end harm nobody and need no question.
bool asks_before(const step& next, std::chrono::milliseconds unheard,
                 std::chrono::milliseconds slept_after) noexcept;

/// Why the attempt must end when the job's record says this; nothing while this
/// worker owns the job.
std::optional<failure> reason_to_stop(const msg::ownership& x);

/// Must ownership be asked before the attempt ends for this reason? A worker
/// that has lost the GPU to another worker may have lost the job too, and must
/// not begin it again elsewhere.
bool may_have_lost_job(const failure& why) noexcept;

/// Whether another worker may go on with the work that still runs on the GPU
/// after the attempt has ended for this reason. Such work is not stopped.
bool may_be_gone_on_with(const failure& why) noexcept;

} // namespace render
