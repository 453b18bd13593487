#include "actors/node/root.hpp"

#include "actors/shell.hpp"
#include "messages/failure_caf.hpp"

namespace render {

namespace {

using self_ptr = root_actor::stateful_pointer<root_state>;

void run(self_ptr self, root::effects todo);

struct performer {
  self_ptr self;

  root_state& state() const {
    return self->state;
  }

  void operator()(const root::drain& x) const {
    if (auto at = state().parts.find(root::supervisor);
        at != state().parts.end())
      self->send(caf::actor_cast<supervisor_actor>(at->second),
                 msg::drain_node{x.reason});
  }

  void operator()(const root::flush&) const {
    auto me = self;
    self
      ->request(
        caf::actor_cast<job_store_actor>(state().parts.at(root::job_store)),
        state().flush_limit, caf::get_atom_v)
      .then(
        [me](const std::string&) {
          run(me, me->state.policy.on_flushed({}));
        },
        [me](const caf::error& err) {
          run(me, me->state.policy.on_flushed(to_failure(err).message));
        });
  }

  void operator()(const root::stop_part& x) const {
    end(x.name, caf::exit_reason::user_shutdown);
  }

  void operator()(const root::kill_part& x) const {
    end(x.name, caf::exit_reason::kill);
  }

  void operator()(const root::arm_timer& x) const {
    self->delayed_send(self, x.delay, msg::timer_due{0, x.generation});
  }

  void operator()(const root::tell_fault& x) const {
    if (state().deps.on_fault)
      state().deps.on_fault(x.what);
  }

  void operator()(const root::finish& x) const {
    *state().told_end = true;
    state().deps.on_end(x.clean);
    self->quit();
  }

  void operator()(const say& x) const {
    write_line(state().deps.log, x);
  }

  void end(const std::string& name, caf::exit_reason why) const {
    if (auto at = state().parts.find(name); at != state().parts.end())
      self->send_exit(at->second, why);
  }
};

void run(self_ptr self, root::effects todo) {
  perform(performer{self}, std::move(todo));
}

void on_down(self_ptr self, const caf::down_msg& x) {
  auto& st = self->state;
  auto at = st.names.find(x.source);
  if (at == st.names.end())
    return;
  auto name = at->second;
  st.names.erase(at);
  st.parts.erase(name);
  run(self,
      st.policy.on_part_ended(name, x.reason ? to_failure(x.reason).message
                                             : "no reason given"));
}

} // namespace

root_actor::behavior_type root_behavior(self_ptr self, root::config cfg,
                                        root_deps deps) {
  auto& st = self->state;
  st.policy = root::policy{cfg};
  st.flush_limit = cfg.flush;
  st.deps = std::move(deps);
  self->attach_functor([told = st.told_end, on_end = st.deps.on_end] {
    if (!*told)
      on_end(false);
  });
  self->set_down_handler([self](const caf::down_msg& x) {
    on_down(self, x);
  });
  return {
    [self](const msg::node_drained& x) {
      run(self, self->state.policy.on_drained(x.clean));
    },
    [self](const std::string& name, const caf::actor& part) {
      auto& st = self->state;
      st.parts.emplace(name, part);
      st.names.emplace(part.address(), name);
      st.policy.on_part(name);
      self->monitor(part);
    },
    [self](const msg::drain_node& x) {
      run(self, self->state.policy.on_drain_wanted(x.reason));
    },
    [self](caf::close_atom) {
      run(self, self->state.policy.on_stop_wanted());
    },
    [self](const msg::timer_due& x) {
      run(self, self->state.policy.on_timer(x.generation));
    },
  };
}

} // namespace render
