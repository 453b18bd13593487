#include "tests/support/fake_renderer.hpp"

namespace render::harness {

renderer_actor::behavior_type
fake_renderer_behavior(renderer_actor::stateful_pointer<later> self,
                       event_log_ptr log, fake_render script, job_id id,
                       render_owner_actor owner) {
  auto end = [=](const job_outcome& outcome) {
    self->send(owner, msg::render_ended{id, outcome});
    self->quit();
  };
  self->state.run(self, script.takes, [=] {
    end(script.outcome);
  });
  return {
    [=](const msg::stop_render& x) {
      log->add("stopped " + id + " " + std::string{to_string(x.reason.kind)});
      end(failed_outcome(x.reason));
    },
    [](const msg::http_chunk&) {
      // nop
    },
    [=](const msg::timer_due& x) {
      self->state.due(x);
    },
  };
}

} // namespace render::harness
