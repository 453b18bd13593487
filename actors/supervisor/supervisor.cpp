#include "actors/supervisor/supervisor.hpp"

#include "actors/shell.hpp"
#include "messages/failure_caf.hpp"

namespace render {

namespace {

using namespace supervisor;
using namespace std::chrono_literals;

using self_ptr = supervisor_actor::stateful_pointer<supervisor_state>;

constexpr auto ledger_timeout = open_ends::patience;
constexpr auto flush_margin = 5s;
// Longer than a look at the queue, one at the inputs, and a claim take.
constexpr auto inputs_timeout = 60s;
// Longer than a question to the storage takes. A disk that hangs answers never.
constexpr auto surroundings_timeout = 45s;

// Several times within the JOB STORE's lease.
constexpr auto confirm_interval = 10s;
// Beside those of the policy.
constexpr auto confirm_timer = UINT32_MAX;

struct shell {
  self_ptr self;

  supervisor_state& st() const {
    return self->state;
  }

  moment now() const {
    return {steady_s(), st().deps.now()};
  }

  double steady_s() const {
    return render::steady_s(*self);
  }

  void run(effects xs) const {
    perform(*this, std::move(xs));
    if (st().spans)
      send_spans(st().deps.traces, st().spans->take());
  }

  /// What follows the policy for the traces, if there are any.
  attempt_spans* spans() const {
    return st().spans ? &*st().spans : nullptr;
  }

  void tell_status() const {
    self
      ->request(st().deps.ledger, confirm_interval,
                st().policy.status(true, now()))
      .then(
        [sh = *this](const msg::fleet_orders& x) {
          sh.run(sh.st().policy.on_orders(x, sh.steady_s()));
        },
        [](const caf::error&) {
          // What was ordered last holds.
        });
  }

  void confirm() const {
    auto held = st().policy.held_jobs();
    if (auto* x = spans())
      x->keep(held, now());
    self->send(st().deps.ledger, std::move(held));
    self->send(st().deps.gpu_ledger, st().policy.held_gpus());
    tell_status();
    ask_again();
    self->delayed_send(self, confirm_interval,
                       msg::timer_due{confirm_timer, 0});
  }

  void operator()(send_capacity x) const {
    self->send(st().watcher, std::move(x.what));
  }

  void operator()(look_at_queue) const {
    self->send(st().watcher, msg::look_now{});
  }

  void operator()(run_on x) const {
    if (auto* y = spans())
      y->on_placed(x.task, x.instance, now());
    if (auto at = st().gpus.find(x.instance); at != st().gpus.end())
      self->send(at->second, std::move(x.task));
  }

  void operator()(rent x) const {
    auto handle = st().deps.make_gpu(
      x, caf::actor_cast<gpu_owner_actor>(supervisor_actor{self}));
    self->monitor(handle);
    st().gpus.emplace(x.instance, std::move(handle));
  }

  void operator()(supervisor::drain_gpu x) const {
    if (auto at = st().gpus.find(x.instance); at != st().gpus.end())
      self->send(at->second, msg::drain_gpu{std::move(x.reason)});
  }

  void operator()(supervisor::halt_gpu x) const {
    if (auto at = st().gpus.find(x.instance); at != st().gpus.end())
      self->send(at->second, msg::halt_gpu{std::move(x.reason)});
  }

  void operator()(look_around x) const {
    auto on = [sh = *this](const msg::surroundings_seen& got) {
      sh.run(sh.st().policy.on_surroundings_seen(got, sh.steady_s()));
    };
    self->request(st().deps.surroundings, surroundings_timeout, x.what)
      .then(on, [on](const caf::error& err) {
        on({"disk", "the look at it got no answer: " + to_failure(err).message,
            0});
      });
  }

  void operator()(stop_renderer x) const {
    if (auto at = st().parked.find(x.job_id); at != st().parked.end())
      self->send(at->second, msg::stop_render{std::move(x.reason)});
  }

  void operator()(settle x) const {
    if (auto* y = spans())
      y->on_end(x.what, now());
    auto what = std::make_shared<const settle>(std::move(x));
    auto id = what->what.subject.id;
    auto number = st().open.ask(what, steady_s());
    // A timer for each, and for a minute, would cost more than the question;
    // `confirm` looks after them.
    self->request(st().deps.ledger, caf::infinite, what->what)
      .then(
        [sh = *this, id, number](msg::job_settled& got) {
          if (!sh.st().open.take(id, number))
            return;
          sh.run(sh.st().policy.on_settled(std::move(got), sh.now().unix_s));
          sh.written(id);
        },
        [sh = *this, id, number](caf::error& err) {
          if (auto asked = sh.st().open.take(id, number))
            sh.run(sh.st().policy.on_write_failed(*asked, to_failure(err)));
        });
  }

  void ask_again() const {
    for (auto& asked : st().open.take_late(steady_s()))
      run(
        st().policy.on_write_failed(*asked, {failure_kind::outcome_unknown,
                                             "the JOB STORE gave no answer"}));
  }

  void written(const job_id& id) const {
    if (auto* x = spans())
      x->on_written(id);
  }

  void operator()(release x) const {
    if (auto* y = spans())
      y->on_returned(x.job_id, now());
    self
      ->request(st().deps.ledger, ledger_timeout,
                msg::release_job{x.job_id, x.fence})
      .then(
        [sh = *this, x](caf::ok_atom) {
          sh.run(sh.st().policy.on_released(x.job_id));
          sh.written(x.job_id);
        },
        [sh = *this, x](caf::error& err) {
          sh.run(sh.st().policy.on_write_failed(x, to_failure(err)));
        });
  }

  void operator()(supervisor::take_gpus) const {
    auto on = [sh = *this](const result<msg::gpus_taken>& got) {
      sh.run(sh.st().policy.on_gpus_taken(got, sh.steady_s()));
    };
    self->request(st().deps.gpu_ledger, ledger_timeout, msg::take_gpus{})
      .then(
        [on](msg::gpus_taken& got) {
          on(std::move(got));
        },
        [on](caf::error& err) {
          on(fail(to_failure(err)));
        });
  }

  void operator()(const supervisor::hand_over& x) const {
    auto on = [sh = *this,
               asked = x.what](const result<msg::gpus_handed_over>& got) {
      sh.run(sh.st().policy.on_handed_over(asked, got));
    };
    self->request(st().deps.gpu_ledger, ledger_timeout, x.what)
      .then(
        [on](const msg::gpus_handed_over& got) {
          on(got);
        },
        [on](const caf::error& err) {
          on(fail(to_failure(err)));
        });
  }

  void operator()(supervisor::let_go_of_gpu x) const {
    if (auto at = st().gpus.find(x.instance); at != st().gpus.end())
      self->send(at->second, msg::gpus_handed_over{{std::move(x.ledger_id)}});
  }

  void operator()(supervisor::tell_given x) const {
    if (auto& peers = st().deps.peers)
      self->send(peers, msg::gpus_given{st().deps.name, std::move(x.to)});
  }

  void operator()(supervisor::leave_gpu x) const {
    self->send(st().deps.gpu_ledger, msg::leave_gpu{std::move(x.ledger_id)});
  }

  void operator()(const supervisor::view_gpus& x) const {
    auto on = [sh = *this, x](const result<msg::gpus_seen>& got) {
      sh.run(sh.st().policy.on_gpus_viewed(x, got, sh.now()));
    };
    self->request(st().deps.gpu_ledger, ledger_timeout, msg::view_gpus{x.type})
      .then(
        [on](msg::gpus_seen& got) {
          on(std::move(got));
        },
        [on](caf::error& err) {
          on(fail(to_failure(err)));
        });
  }

  void operator()(supervisor::look_at_inputs x) const {
    auto on = [sh = *this, type = x.type](const result<msg::inputs_seen>& got) {
      sh.run(sh.st().policy.on_inputs_seen(type, got, sh.steady_s()));
    };
    self
      ->request(st().deps.inputs, inputs_timeout,
                msg::look_at_inputs{std::move(x.job_types)})
      .then(
        [on](const msg::inputs_seen& got) {
          on(got);
        },
        [on](const caf::error& err) {
          on(fail(to_failure(err)));
        });
  }

  void operator()(supervisor::note_attempt x) const {
    if (auto* y = spans())
      y->on_attempt_failed(x.what, now());
    self->send(st().deps.ledger, std::move(x.what));
  }

  void operator()(deliver x) const {
    self->send(st().deps.webhooks, msg::deliver_webhook{std::move(x.entry)});
  }

  void operator()(supervisor::start_watcher) const {
    st().watcher = st().deps.make_watcher(
      caf::actor_cast<work_sink_actor>(supervisor_actor{self}));
    self->monitor(st().watcher);
    run(st().policy.on_watcher_started());
  }

  void operator()(arm_timer x) const {
    self->delayed_send(
      self, x.delay,
      msg::timer_due{static_cast<uint32_t>(x.which), x.generation});
  }

  void operator()(supervisor::flush_webhooks x) const {
    auto on = [sh = *this] {
      sh.run(sh.st().policy.on_flushed());
    };
    self
      ->request(st().deps.webhooks, x.patience + flush_margin,
                msg::flush_webhooks{x.patience})
      .then(
        [on](caf::ok_atom) {
          on();
        },
        [on](caf::error&) {
          on();
        });
  }

  void operator()(supervisor::tell_fleet x) const {
    if (st().deps.peers)
      self->send(st().deps.peers, msg::tell_fleet{std::move(x.facts)});
  }

  void operator()(finish x) const {
    self->send(st().deps.listener, msg::node_drained{x.clean});
  }

  void operator()(say x) const {
    if (auto* y = spans(); y && !x.about.job.empty())
      x.about.trace = y->of(job_id{x.about.job});
    write_line(st().deps.log, x);
  }

  void on_parked(const msg::render_parked& x) const {
    auto from = caf::actor_cast<renderer_actor>(self->current_sender());
    if (!from)
      return;
    self->monitor(from);
    st().parked.insert_or_assign(x.job_id, std::move(from));
    run(st().policy.on_render_parked(x.job_id, x.why, steady_s()));
  }

  void on_parked_ended(const job_id& id, job_outcome outcome) const {
    st().parked.erase(id);
    if (auto* x = spans())
      x->on_left(id, outcome, steady_s());
    run(st().policy.on_parked_ended(id, std::move(outcome), steady_s()));
  }

  void on_down(const caf::down_msg& x) const {
    for (auto& [parked_id, handle] : st().parked)
      if (handle.address() == x.source) {
        auto id = parked_id;
        return on_parked_ended(
          id,
          failed_outcome({failure_kind::unavailable,
                          "the renderer died: " + caf::to_string(x.reason)}));
      }
    if (st().watcher.address() == x.source)
      return run(
        st().policy.on_watcher_died(caf::to_string(x.reason), steady_s()));
    for (auto& [instance, handle] : st().gpus)
      if (handle.address() == x.source) {
        auto gone = instance;
        st().gpus.erase(gone);
        if (auto* y = spans())
          y->on_gpu_died(gone);
        return run(
          st().policy.on_gpu_died(gone, caf::to_string(x.reason), steady_s()));
      }
  }
};

} // namespace

supervisor_actor::behavior_type supervisor_behavior(self_ptr self,
                                                    supervisor::config cfg,
                                                    supervisor_deps deps) {
  auto& st = self->state;
  cfg.surroundings.watched = static_cast<bool>(deps.surroundings);
  cfg.inputs.watched = static_cast<bool>(deps.inputs);
  cfg.peers.connected = static_cast<bool>(deps.peers);
  st.deps = std::move(deps);
  st.policy = supervisor::policy{std::move(cfg)};
  if (st.deps.traces)
    st.spans.emplace(st.deps.traces.ids());
  shell sh{self};
  self->set_down_handler([sh](const caf::down_msg& x) {
    sh.on_down(x);
  });
  // Children end with their owner.
  self->set_exit_handler([sh](const caf::exit_msg& x) {
    caf::anon_send_exit(sh.st().watcher, caf::exit_reason::user_shutdown);
    if (auto& inputs = sh.st().deps.inputs)
      caf::anon_send_exit(inputs, caf::exit_reason::user_shutdown);
    for (auto& [instance, handle] : sh.st().gpus)
      caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
    for (auto& [job_id, handle] : sh.st().parked)
      caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
    sh.self->quit(x.reason);
  });
  sh.run(st.policy.start());
  sh.confirm();
  return {
    [sh](msg::render_ended& x) {
      sh.on_parked_ended(x.job_id, std::move(x.outcome));
    },
    [sh](const msg::render_parked& x) {
      sh.on_parked(x);
    },
    [sh](msg::jobs_claimed& x) {
      if (auto* y = sh.spans())
        for (auto& subject : x.jobs)
          y->on_claimed(subject, sh.now());
      sh.run(sh.st().policy.on_jobs_claimed(std::move(x), sh.now()));
    },
    [sh](const msg::backlog& x) {
      sh.run(sh.st().policy.on_backlog(x, sh.now()));
    },
    [sh](const msg::gpu_update& x) {
      if (auto* y = sh.spans())
        y->on_gpu_update(x, sh.steady_s());
      sh.run(sh.st().policy.on_gpu_update(x, sh.steady_s()));
    },
    [sh](msg::job_ended& x) {
      if (auto* y = sh.spans())
        y->on_left(x.subject.id, x.outcome, sh.steady_s());
      sh.run(sh.st().policy.on_job_ended(std::move(x), sh.steady_s()));
    },
    [sh](msg::fleet_view& x) {
      sh.run(sh.st().policy.on_fleet_view(std::move(x), sh.steady_s()));
    },
    [sh](const msg::drain_node& x) {
      auto todo = sh.st().policy.on_drain(x.reason, sh.steady_s(), x.hurries);
      // The answer to the status brings a wish to drain again.
      if (todo.empty())
        return;
      sh.run(std::move(todo));
      // Whoever looks from outside shall not offer it anything.
      sh.tell_status();
    },
    [sh](const msg::gpus_given&) {
      sh.run(sh.st().policy.on_gpus_given());
    },
    [sh](const msg::get_status& x) {
      return sh.st().policy.status(x.with_jobs, sh.now());
    },
    [sh](const msg::timer_due& x) {
      if (x.which == confirm_timer)
        return sh.confirm();
      sh.run(sh.st().policy.on_timer(static_cast<timer>(x.which), x.generation,
                                     sh.steady_s()));
    },
  };
}

} // namespace render
