#pragma once
// Why no (other) GPU is launched for the jobs that wait for a workload type, or
// why one is: a value from a closed list. The SUPERVISOR keeps one for each
// type; status, metrics and log show it.
#include "messages/ids.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace render {

enum class launch_reason_kind : uint8_t {
  no_job_waits,
  /// A ready GPU of this worker has a slot for each job that waits.
  slot_free,
  /// `count` GPUs of this worker boot, enough for what waits.
  gpus_boot,
  /// The random wait, until `until_s`.
  jitter,
  /// The launch ledger is asked what other workers launch.
  looking_at_ledger,
  /// The queue is looked at once more, after the ledger.
  looking_at_queue,
  /// GPUs of other workers with `count` slots come, as was known at `since_s`;
  /// a new random wait until `until_s`.
  slots_elsewhere,
  /// Others took the jobs whose inputs were looked at; the rest waits anew.
  jobs_taken,
  /// The inputs of the first few of `count` jobs are looked at.
  looking_at_inputs,
  /// `count` jobs are refused for their inputs; the queue is looked at again.
  inputs_refused,
  /// The last GPU failed, or the provider refused it. Since `since_s`,
  /// `attempt` times in a row; the next launch is at `until_s`. `words`: the
  /// last failure. `attempt` 0: the launch goes on, and `words` tell when.
  provider_refuses,
  /// `count` GPUs are rented, as many as MAX_GPUS allows.
  max_gpus,
  /// A limit of spending, `words`, does not allow a launch. More may be spent
  /// at `until_s` at the latest; until then each end of a GPU may free some.
  budget,
  /// An idle GPU stops to make room.
  making_room,
  /// `count` GPUs are launched now.
  launching,
  /// The one job that waits has its deadline before a GPU could be ready.
  out_of_time,
  /// `count` jobs are for workers of a lower rank.
  others_turn,
  draining,
  /// The worker may not claim; `words`: "disk", "storage", "tools", "job".
  unfit,
  /// Somebody has paused the launches of the fleet (`c3ctl pause`); `words`:
  /// who, since when and why.
  paused,
};

inline constexpr auto last_launch_reason = launch_reason_kind::paused;

/// "jitter", "max_gpus" …: for machines, never changed.
std::string_view to_string(launch_reason_kind kind) noexcept;

struct launch_reason {
  launch_reason_kind kind = launch_reason_kind::no_job_waits;
  /// Of GPUs, slots or jobs, as the kind says.
  uint64_t count = 0;
  /// Seconds by the clock of whoever made it; 0: no time is set.
  double until_s = 0;
  double since_s = 0;
  uint32_t attempt = 0;
  /// Said by others: may quote addresses, never secrets.
  std::string words = {};
  /// Jobs that wait for GPUs of this type, with and without a slot to come.
  uint64_t jobs = 0;

  friend bool operator==(const launch_reason&, const launch_reason&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, launch_reason& x) {
  return f(x.kind, x.count, x.until_s, x.since_s, x.attempt, x.words, x.jobs);
}

/// "jitter, launch in 12 s". `now_s` is by the clock of the reason.
std::string clause_of(const launch_reason& x, double now_s);

/// The same of a job: "waits for a GPU of media:fast: jitter, launch in 12 s".
std::string sentence_of(const workload_type& type, const launch_reason& x,
                        double now_s);

} // namespace render
