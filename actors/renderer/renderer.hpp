#pragma once
// The RENDERER: one attempt at one job. Runs a plan, reports how far it is,
// and stops the remote work when the job is cancelled, late, or taken away.
// When it dies, its owner hears of it and counts the attempt as failed; its
// folder is removed either way.
#include "actors/log.hpp"
#include "actors/long_timers.hpp"
#include "actors/renderer/plan.hpp"
#include "actors/renderer/run.hpp"
#include "actors/renderer/scratch_folder.hpp"
#include "actors/renderer/stage_spans.hpp"
#include "actors/renderer/store_tries.hpp"
#include "actors/tracing.hpp"
#include "messages/clock.hpp"
#include "messages/io_actors.hpp"
#include "messages/job_store_actor.hpp"
#include "messages/text/foreign_text.hpp"
#include "messages/worker_actors.hpp"

#include <caf/all.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace render {

namespace renderer {

/// INTERNAL: the attempt's folder, from a thread that may wait for the disk.
struct folder_made {
  result<std::string> path;
  /// Of the job that it was made for.
  job_params params;
};

} // namespace renderer

} // namespace render

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(render::renderer::folder_made)

namespace render {

using renderer_shell_actor
  = renderer_actor::extend<caf::reacts_to<renderer::folder_made>>;

struct renderer_config {
  /// Between two reports of progress, at least.
  std::chrono::milliseconds progress_interval{800};
  /// How much later than at once Redis' word may come that the job is ours.
  /// That it is not comes within a second. Meanwhile nothing is asked about the
  /// job alone.
  std::chrono::milliseconds patience{3'000};
  std::chrono::milliseconds progress_timeout{3'000};
  /// A process that has asked nothing for so long has slept (SIGSTOP, a frozen
  /// container), and may have lost the job. Shorter than a lease, longer than
  /// patience and a second.
  std::chrono::milliseconds slept_after{5'000};
  /// Added to a request's own limit, until its actor counts as silent.
  std::chrono::milliseconds answer_margin{5'000};
  /// How long the attempt's folder may take to be made.
  std::chrono::milliseconds folder_timeout{30'000};
  std::chrono::milliseconds media_timeout{600'000};
  std::chrono::milliseconds store_timeout{900'000};
  /// Between the tries of a result that the storage does not take.
  std::chrono::milliseconds store_delay_min{1'000};
  std::chrono::milliseconds store_delay_max{30'000};
  /// How long the remote work may take to stop.
  std::chrono::milliseconds interrupt_grace{3'000};
  /// Prefix of its requests' groups; ends with a slash. The slash keeps a job
  /// whose id is "webhook" apart from the webhooks.
  std::string group = "job/";
};

using plan_factory = std::function<std::unique_ptr<render_plan>(
  const job&, const job_params&, const render_environment&)>;

struct renderer_deps {
  http_actor http;
  media_actor media;
  object_store_actor store;
  progress_actor progress;
  render_owner_actor owner;
  /// Owner of the attempt while its result waits for the storage; none: such
  /// an attempt fails.
  render_owner_actor keeper{};
  plan_factory plans;
  logger log;
  std::shared_ptr<folder_keeper> folders;
  /// All text of the attempt passes this mask before it leaves.
  secret_mask mask{};
  /// Only `to`: a task has its span, and all its spans its seed.
  tracing traces{};
  /// Needed for traces alone.
  wall_clock now{};
};

struct renderer_state {
  static inline const char* name = "renderer";

  struct open_call {
    answers got;
    size_t missing = 0;
    std::function<step(answers)> then;
  };

  renderer_config cfg;
  renderer_deps deps;
  msg::run_job task;
  render_environment env;
  scratch_folder folder;
  std::unique_ptr<render_plan> plan;
  run course;
  open_call calling;
  /// The stream under way; its group is empty when there is none.
  std::string stream_group;
  stream streaming;
  /// What is listened to while the plan goes on; its group is empty when there
  /// is nothing.
  std::string side_group;
  side_channel listening;
  std::function<step()> waiting;
  /// The step that waits, or has waited last.
  uint64_t waiting_step = 0;
  /// A result that the storage has not taken.
  struct unstored {
    msg::store_file what;
    uint64_t number = 0;
    size_t index = 0;
    uint32_t tries = 0;
  };
  std::map<uint64_t, unstored> unstored_files;
  uint64_t last_unstored = 0;
  /// The slot on the GPU is given back; only the storage remains.
  bool parked = false;
  store_tries retries{{}, {}, 0};
  long_timers timers;
  uint64_t groups_used = 0;
  size_t interrupts_open = 0;
  struct reports {
    using time_point = caf::actor_clock::time_point;
    /// When an answer last told the owner of the job, or that Redis does not
    /// answer.
    time_point heard_at;
    time_point sent_at;
    /// Number of the latest.
    uint64_t sent = 0;
    /// The timer of the next is armed.
    bool armed = false;
  };
  reports reporting;
  stage_spans stages{{}, 0};
};

renderer_shell_actor::behavior_type
renderer_behavior(renderer_shell_actor::stateful_pointer<renderer_state> self,
                  renderer_config cfg, renderer_deps deps, msg::run_job task,
                  render_environment env);

} // namespace render
