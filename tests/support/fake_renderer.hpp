#pragma once
// A RENDERER that renders nothing: it ends after a time with the test's
// outcome, or at once when it is told to stop.
#include "app/harness/event_log.hpp"
#include "messages/worker_actors.hpp"
#include "tests/support/later.hpp"

#include <string>

namespace render::harness {

/// How long one attempt takes, and how it ends.
struct fake_render {
  duration takes{1'000};
  job_outcome outcome{"done", {}};
};

/// Events: "render ID on NODE", "stopped ID KIND".
renderer_actor::behavior_type
fake_renderer_behavior(renderer_actor::stateful_pointer<later> self,
                       event_log_ptr log, fake_render script, job_id id,
                       render_owner_actor owner);

} // namespace render::harness
