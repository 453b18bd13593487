#pragma once
// How the SUPERVISOR is set up, and what its policy asks for.
#include "actors/say.hpp"
#include "actors/supervisor/farewell.hpp"
#include "actors/supervisor/fitness.hpp"
#include "actors/supervisor/fleet.hpp"
#include "actors/supervisor/input_gate.hpp"
#include "messages/gpu_ledger.hpp"
#include "messages/moment.hpp"
#include "messages/node.hpp"
#include "messages/queue.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace render::supervisor {

using duration = std::chrono::milliseconds;

struct config {
  std::map<job_kind, workload_type> workload_of_kind;
  /// Of GPU hours; empty: not known.
  gpu_prices prices = {};
  /// After a limit of spending refused a launch: until it is asked again.
  duration budget_look{60'000};
  /// Of all types together; GPUs that have a successor are not counted.
  uint32_t max_gpus = 1;
  uint32_t slots_per_gpu = 1;
  /// A launch waits a uniformly random time in this range first.
  duration pre_launch_min{15'000};
  duration pre_launch_max{30'000};
  /// Look at what other workers are launching before a GPU is launched, or
  /// makes room, for a job that is not ours yet.
  bool look_before_launch = true;
  /// A GPU of theirs is expected to take a job within this time: as long as a
  /// booting node's slowest service may take.
  duration boot_time{120'000};
  /// Jobs left to others: until the next look, at least.
  duration look_spacing{1'000};
  /// When a GPU takes no more jobs because of its age …
  duration retire_after{3'600'000};
  /// … and how long before that another one is launched in its place, if it is
  /// in use; a tenth of it at most, 0: never.
  duration replace_ahead{0};
  duration max_render_time{1'800'000};
  /// Of a job that does not say.
  duration default_max_time{1'200'000};
  /// GPUs that may fail under one job.
  uint32_t attempts_max = 3;
  /// A GPU under which a job has failed gets no job for this long: as much as
  /// its health check needs to tell. A dead one would eat the queue.
  duration suspicion{10'000};
  /// A claimed job that finds no slot goes back to the queue after this …
  duration pending_max{5'000};
  /// … and one that has failed under a GPU after this: by then the GPU is
  /// trusted again, or the next one launched.
  duration retry_pending_max{15'000};
  /// From a GPU's first ready service until its others are given up.
  duration service_boot_time{150'000};
  /// After a GPU that failed, before the next launch of its type; doubles.
  duration launch_backoff_min{5'000};
  duration launch_backoff_max{300'000};
  /// Deaths of the QUEUE WATCHER, within this time, that are repaired, and how
  /// long a repair waits; doubles with each.
  uint32_t restarts_max = 5;
  duration restart_window{60'000};
  duration restart_delay_min{100};
  duration restart_delay_max{5'000};
  /// After the ledger refused to write: until it is asked again.
  duration ledger_retry_delay{1'000};
  /// That doubles, up to this …
  duration ledger_retry_max{30'000};
  /// … and what is no outage is given up after so many refusals.
  uint32_t ledger_refusals_max = 10;
  duration drain_time{120'000};
  /// A claim that was under way when the drain began has this long to arrive.
  duration claim_grace{500};
  /// After the drain time, until unconfirmed stops and writes are given up.
  duration give_up_time{600'000};
  /// How long webhooks that are due may take at the end.
  duration flush_time{30'000};
  /// How often GPUs of dead workers are looked for while the ledger does not
  /// say when the next lease runs out.
  duration adoption_interval{5'000};
  uint64_t seed = 1;
  fitness::config surroundings{};
  input_gate::config inputs{};
  peer::config peers{};
};

enum class timer : uint32_t {
  /// A launch is decided anew; one for each workload type.
  jitter,
  pending,
  /// A GPU comes to the age at which it gets a successor.
  succession,
  /// One for each GPU under suspicion.
  trust,
  ledger,
  watcher,
  claim_grace,
  drain,
  give_up,
  adoption,
  /// The surroundings are looked at again.
  fitness,
  /// Idle GPUs are looked at again: are they worth their rent?
  keep,
  /// The other workers are told what has changed meanwhile.
  tell,
  hand_over,
};

struct send_capacity {
  msg::capacity what;
};
struct look_at_queue {};
struct run_on {
  uint64_t instance = 0;
  msg::run_job task;
};
struct rent {
  uint64_t instance = 0;
  workload_type type;
  render::ledger_id ledger_id;
  /// Set: a GPU that is rented already, from another worker's hands.
  std::optional<gpu_entry> adopted;
  std::vector<workload_id> known_workloads;
  /// With `adopted`: launched by this process.
  bool vouched = false;
  /// With `adopted`, of one that a living worker has given to this one: the
  /// seconds that it has had no job.
  std::optional<double> given_idle_s = {};
};
struct take_gpus {};
/// Nobody here looks after this entry.
struct leave_gpu {
  render::ledger_id ledger_id;
};
struct view_gpus {
  workload_type type;
  /// By the steady clock: older answers are of no use.
  double asked_s = 0;
};
struct look_at_inputs {
  workload_type type;
  /// The jobs that such a GPU serves.
  std::vector<std::string> job_types;
};
struct drain_gpu {
  uint64_t instance = 0;
  std::string reason;
};
struct halt_gpu {
  uint64_t instance = 0;
  std::string reason;
};
struct look_around {
  msg::check_surroundings what;
};
/// One whose result waits for the storage.
struct stop_renderer {
  render::job_id job_id;
  failure reason;
};
struct settle {
  msg::settle_job what;
};
struct release {
  render::job_id job_id;
  uint64_t fence = 0;
};
struct note_attempt {
  msg::note_attempt what;
};
struct deliver {
  webhook entry;
};
struct start_watcher {};
struct arm_timer {
  timer which = timer::jitter;
  uint64_t generation = 0;
  duration delay{0};
};
/// The other workers, by the PEERS.
struct tell_fleet {
  worker_facts facts;
};
struct flush_webhooks {
  duration patience{0};
};
struct finish {
  bool clean = true;
};

using effect
  = std::variant<send_capacity, look_at_queue, run_on, rent, drain_gpu,
                 halt_gpu, look_around, stop_renderer, settle, release,
                 note_attempt, take_gpus, leave_gpu, view_gpus, look_at_inputs,
                 deliver, start_watcher, arm_timer, flush_webhooks, tell_fleet,
                 hand_over, let_go_of_gpu, tell_given, finish, say>;
using effects = std::vector<effect>;

double in_seconds(duration d);

/// A question to the ledger.
using ledger_write = std::variant<settle, release>;

} // namespace render::supervisor
