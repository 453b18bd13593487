#pragma once
// Decides for one workload type whether GPUs are launched now, later, or not at
// all, and why. Pure: from values to a plan, without actors, I/O, a clock or
// randomness. All times are seconds by the steady clock, as in `moment`.
#include "messages/job.hpp"
#include "messages/launch_reason.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace render::supervisor::launching {

/// One value for each job kind.
template <class T>
using by_kind = std::array<T, std::size(all_job_kinds)>;

/// Slots on GPUs of other workers that will take jobs soon. Whoever knows of
/// them is a provider: the launch ledger, the look at the inputs, one day
/// peers.
struct slots_elsewhere {
  uint64_t count = 0;
  /// When that was true.
  double as_of_s = 0;
  /// Why jobs are left to these slots.
  launch_reason_kind reason = launch_reason_kind::slots_elsewhere;
};

/// Jobs of one kind that have no GPU.
struct waiting_jobs {
  /// This worker's own: a GPU has failed under them. They wait for nobody.
  uint64_t tried = 0;
  /// In the queue, or this worker's own and not tried yet.
  uint64_t others = 0;
  /// Of `others`, those that a GPU may be launched for, as far as their inputs
  /// are known.
  uint64_t worth = 0;
};

/// A GPU of this worker that is ready, or will be.
struct own_gpu {
  uint32_t free_slots = 0;
  bool boots = false;
  /// False: it failed under a job a moment ago. Tried jobs do not wait for it.
  bool trusted = true;
  by_kind<bool> serves{};
  /// While it is launched: how the last try failed. Empty: none has.
  std::string trouble = {};
};

/// A fleet whose workers see each other, as it looks to this one: all of them
/// come to the same plan.
struct fleet_outlook {
  /// Of each slot that will take jobs, this worker's included: when it is free,
  /// seconds from now. 0: it is.
  std::vector<double> free_in_s;
  /// Of each launch that this worker may make: how many come before it, when
  /// the workers take turns.
  std::vector<uint32_t> before;
  /// GPUs of the type that are ready or boot.
  uint32_t gpus = 0;
  /// As many as the traffic is worth.
  uint32_t worth_gpus = 0;
  /// A run, and a boot, on the average, seconds.
  by_kind<double> run_s{};
  double boot_s = 0;
  /// No job is to begin later than that, where a launch can help, seconds from
  /// now; 0: as long as a boot takes.
  double target_wait_s = 0;
  /// When the queue was seen as it is in `situation::waiting`.
  double seen_s = 0;
};

/// Launches that came to nothing, since the last GPU of the type was ready.
struct refusals {
  uint32_t count = 0;
  double since_s = 0;
  /// No launch before that.
  double not_before_s = 0;
  /// Of the last one.
  std::string words;
};

/// A limit of spending that has not allowed a launch.
struct budget_hold {
  /// No launch before that …
  double retry_s = 0;
  /// … and when the limit begins anew.
  double until_s = 0;
  /// Its name.
  std::string words;
};

/// All that a plan is made from.
struct situation {
  by_kind<waiting_jobs> waiting{};
  /// Of this worker's own jobs that wait.
  std::optional<double> first_deadline_s;
  std::vector<own_gpu> gpus;
  uint32_t slots_per_gpu = 1;
  uint32_t max_gpus = 1;
  /// GPUs that may still be launched.
  uint32_t room = 0;
  /// Without room: an idle GPU could stop, or one is stopping.
  bool can_make_room = false;
  bool room_comes = false;
  /// Absent: not known. Present: as fresh as its provider demands.
  std::optional<slots_elsewhere> elsewhere;
  /// What is not known is asked of the launch ledger.
  bool asks_ledger = true;
  /// Present: nothing is left to chance and nothing asked of the ledger.
  std::optional<fleet_outlook> fleet;
  /// A look at the inputs is under way.
  bool inputs_asked = false;
  /// Estimates, seconds; absent: not known.
  std::optional<double> boot_s;
  std::optional<double> run_s;
  /// This worker's place among the living, from 0; 0 of 1 when no fleet is
  /// known.
  uint32_t rank = 0;
  uint32_t living = 1;
  refusals refused;
  budget_hold budget;
  /// The next random wait, already drawn, and its least length for jobs that
  /// are left to others; seconds.
  double jitter_s = 0;
  double spacing_s = 0;
  bool draining = false;
  /// Why the worker may not claim: "disk" …; empty: it may.
  std::string unfit;
  /// Who has paused the launches of the fleet; empty: nobody.
  std::string paused;
  double now_s = 0;
};

// -- what is under way for a type ---------------------------------------------

/// Nothing.
struct resting {};
/// The random wait, for the reason that is told meanwhile.
struct waiting {
  double until_s = 0;
  launch_reason why;
};
/// The random wait is over; holds until a launch or no more need.
struct ripe {};
/// And the launch ledger was asked at that time.
struct asking_ledger {
  double asked_s = 0;
};
/// And it has answered; what waits was seen before that and is looked at again.
struct asking_queue {
  slots_elsewhere found;
};
/// Jobs wait, and a fleet plans for them.
struct planning {
  /// Since when a slot is free and takes none of them; 0: none is free.
  double since_s = 0;
  /// Since when no worker has launched a GPU, and how many there are.
  double turn_s = 0;
  uint32_t gpus = 0;
  /// When another look at the queue was asked for.
  double asked_s = 0;
};
using stage
  = std::variant<resting, waiting, ripe, asking_ledger, asking_queue, planning>;

/// The timer that was armed for `until_s` has fired.
stage after_wait(stage at, double until_s);

// -- the plan -----------------------------------------------------------------

/// Until something changes.
struct hold {};
struct wait {
  double until_s = 0;
};
/// Other workers see to the jobs; a new random wait.
struct leave {
  double until_s = 0;
};
struct look_at_ledger {};
/// What waits was seen too long ago for a launch.
struct look_again {};
struct look_at_inputs {
  uint64_t jobs = 0;
};
/// `unseen`: jobs beyond those, whose inputs are looked at meanwhile.
struct launch {
  uint32_t gpus = 0;
  uint64_t unseen = 0;
};
struct make_room {
  uint64_t unseen = 0;
};
using step = std::variant<hold, wait, leave, look_at_ledger, look_again,
                          look_at_inputs, launch, make_room>;

/// Jobs for which no slot of this worker is free or on its way.
struct shortage {
  uint32_t tried = 0;
  uint32_t others = 0;
};

struct plan {
  step what;
  launch_reason why;
  stage next;
  shortage missing;
  /// When to plan again even if nothing changes.
  std::optional<double> due_s;
};

plan decide(const stage& at, const situation& s);

/// The plan of `s.fleet`, for a worker that may claim.
plan decide_in_fleet(const stage& at, const situation& s,
                     const shortage& missing);

/// Of jobs that are left to the GPUs that boot here. If the last try to launch
/// each of them has failed, that is what keeps the jobs waiting.
launch_reason why_left_to_boots(const situation& s);

/// GPUs that have to be launched for so many jobs to begin by then, seconds
/// from now, with runs of that length. `free_in_s` as in `fleet_outlook`.
uint32_t gpus_needed(uint64_t jobs, const std::vector<double>& free_in_s,
                     double run_s, double boot_s, uint32_t slots_per_gpu,
                     double by_s);

/// Whether people should be told of `x` after `before`: what keeps a job
/// waiting for long, once, and each launch.
bool is_news(const launch_reason& before, const launch_reason& x);

} // namespace render::supervisor::launching
