#include "app/node/part_watch.hpp"

#include "messages/failure_caf.hpp"

namespace render {

namespace {

using self_ptr = part_watch_actor::stateful_pointer<part_watch_state>;

void tell_the_end(self_ptr self, bool clean) {
  auto& st = self->state;
  if (st.over)
    return;
  st.over = true;
  self->send(st.deps.listener, msg::node_drained{clean});
}

void on_down(self_ptr self, const caf::down_msg& x) {
  auto& st = self->state;
  auto at = st.parts.find(x.source);
  if (at == st.parts.end() || st.over)
    return;
  auto text = "the " + at->second + " actor has ended: "
              + (x.reason ? to_failure(x.reason).message : "no reason given");
  st.deps.log->error("{}; this worker ends, since it could do only a part of "
                     "its work",
                     text);
  auto can_drain = at->second != supervisor_part && st.supervisor;
  st.parts.erase(at);
  if (st.failed)
    return;
  st.failed = true;
  if (st.deps.on_failure)
    st.deps.on_failure(text);
  if (!can_drain) {
    tell_the_end(self, false);
    return;
  }
  // Twice, since the second hurries: jobs go back at once.
  for (int i = 0; i < 2; ++i)
    self->send(st.supervisor, msg::drain_node{"a part of this worker is gone"});
  self->delayed_send(self, st.deps.grace, msg::node_drained{false});
}

} // namespace

part_watch_actor::behavior_type part_watch_behavior(self_ptr self,
                                                    part_watch_deps deps) {
  self->state.deps = std::move(deps);
  self->set_down_handler([self](const caf::down_msg& x) {
    on_down(self, x);
  });
  return {
    [self](const msg::node_drained& x) {
      tell_the_end(self, x.clean && !self->state.failed);
    },
    [self](const std::string& name, const caf::actor& part) {
      auto& st = self->state;
      st.parts.emplace(part.address(), name);
      if (name == supervisor_part)
        st.supervisor = caf::actor_cast<supervisor_actor>(part);
      self->monitor(part);
    },
  };
}

} // namespace render
