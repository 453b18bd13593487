#pragma once
// The INPUT LOOK actor: fetches and checks the inputs of the first few waiting
// jobs as a RENDERER would, keeps none of them, and refuses the jobs that no
// GPU could do. When this actor dies, GPUs are launched without a look.
#include "actors/log.hpp"
#include "messages/clock.hpp"
#include "messages/job_store_actor.hpp"
#include "messages/worker_actors.hpp"

#include <caf/all.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace render {

struct input_look_config {
  /// Jobs that one question looks at.
  size_t most = 4;
  /// A look that takes longer does not refuse the job.
  std::chrono::milliseconds limit{10'000};
};

/// Spawns a RENDERER whose plan ends with the inputs.
using look_factory = std::function<renderer_actor(const msg::run_job& task,
                                                  render_owner_actor owner)>;

struct input_look_deps {
  job_queue_actor queue;
  job_ledger_actor ledger;
  look_factory make_look;
  wall_clock now;
  logger log;
};

using input_look_shell = input_look_actor::extend_with<render_owner_actor>;

struct input_look_state {
  static inline const char* name = "input-look";

  /// One `look_at_inputs` and its answer so far.
  struct question {
    caf::typed_response_promise<msg::inputs_seen> to;
    work_sink_actor asker;
    msg::inputs_seen seen;
    size_t missing = 0;
  };

  struct look {
    std::shared_ptr<question> asked;
    job subject;
    renderer_actor renderer;
  };

  /// Open looks.
  std::map<job_id, look> open;
};

input_look_shell::behavior_type
input_look_behavior(input_look_shell::stateful_pointer<input_look_state> self,
                    input_look_config cfg, input_look_deps deps);

} // namespace render
