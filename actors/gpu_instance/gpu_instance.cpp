#include "actors/gpu_instance/gpu_instance.hpp"

#include "actors/shell.hpp"
#include "messages/failure_caf.hpp"

namespace render {

namespace {

using namespace gpu_instance;
using namespace std::chrono_literals;

using self_ptr = gpu_instance_actor::stateful_pointer<gpu_instance_state>;

// The JOB STORE keeps trying by itself; a launch does not wait that long.
constexpr auto ledger_timeout = 15s;
// Longer than the GPU CLOUD's own limit, so that its answer comes first.
constexpr auto cloud_timeout = 45s;

struct shell {
  self_ptr self;

  gpu_instance_state& st() const {
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
  }

  void operator()(list_workloads x) const {
    auto on = [sh = *this, x](result<std::vector<gpu_workload>> got) {
      sh.run(sh.st().policy.on_listed(x.purpose, got, sh.now()));
    };
    auto asked = self->request(st().deps.cloud, cloud_timeout, msg::list_gpus{},
                               caf::timespan{x.age});
    asked.then(
      [on](msg::gpu_list& got) {
        on(std::move(got.workloads));
      },
      [on](caf::error& err) {
        on(fail(to_failure(err)));
      });
  }

  void operator()(write_ledger x) const {
    auto on = [sh = *this, written = x.entry](const result<void>& got) {
      sh.run(sh.st().policy.on_ledger_written(written, got, sh.steady_s()));
    };
    self
      ->request(st().deps.ledger, ledger_timeout,
                msg::write_gpu{std::move(x.entry)})
      .then(
        [on](caf::ok_atom) {
          on({});
        },
        [on](caf::error& err) {
          on(fail(to_failure(err)));
        });
  }

  void operator()(view_ledger) const {
    auto on = [sh = *this](const result<msg::gpus_seen>& got) {
      sh.run(sh.st().policy.on_ledger_viewed(got, sh.steady_s()));
    };
    self
      ->request(st().deps.ledger, ledger_timeout,
                msg::view_gpus{st().cfg.workload_type, true})
      .then(
        [on](msg::gpus_seen& got) {
          on(std::move(got));
        },
        [on](caf::error& err) {
          on(fail(to_failure(err)));
        });
  }

  void operator()(leave_ledger x) const {
    caf::anon_send(st().deps.ledger, msg::leave_gpu{std::move(x.id)});
  }

  void note_spent(const gpu_split& x) const {
    auto note = [this](const char* use, int64_t ms) {
      event told{"gpu_spent"};
      told.workload = st().cfg.workload_type;
      told.outcome = use;
      told.seconds = static_cast<double>(ms) / 1'000;
      note_event(st().deps.log, told);
    };
    note("boot", x.boot_ms);
    note("busy", x.busy_ms);
    note("idle", x.idle_ms);
    note("drain", x.drain_ms);
  }

  // The JOB STORE keeps trying; nobody is left here to wait for it.
  void operator()(close_ledger x) const {
    auto split = st().account.split(steady_s());
    note_spent(split);
    caf::anon_send(st().deps.ledger,
                   msg::close_gpu{std::move(x.entry), std::move(x.reason),
                                  x.refund_amount, split});
  }

  void operator()(launch x) const {
    auto on = [sh = *this](result<gpu_workload> got) {
      sh.run(sh.st().policy.on_launched(got, sh.steady_s()));
    };
    self
      ->request(st().deps.cloud, cloud_timeout,
                msg::launch_gpu{st().cfg.workload_type, x.expires_s})
      .then(
        [on](gpu_workload& got) {
          on(std::move(got));
        },
        [on](caf::error& err) {
          on(fail(to_failure(err)));
        });
  }

  void operator()(probe x) const {
    auto on = [sh = *this, service = x.service](result<void> got) {
      sh.run(sh.st().policy.on_probed(service, got, sh.steady_s()));
    };
    self
      ->request(
        st().deps.cloud, st().cfg.probe_timeout + 5s,
        msg::probe_gpu{st().policy.node(), x.service, st().cfg.probe_timeout})
      .then(
        [on](caf::ok_atom) {
          on({});
        },
        [on](caf::error& err) {
          on(fail(to_failure(err)));
        });
  }

  void operator()(stop x) const {
    auto on = [sh = *this](result<double> got) {
      sh.run(sh.st().policy.on_stopped(got, sh.steady_s()));
    };
    self->request(st().deps.cloud, cloud_timeout, msg::stop_gpu{x.workload})
      .then(
        [on](const msg::gpu_stopped& got) {
          on(got.refund_amount);
        },
        [on](caf::error& err) {
          on(fail(to_failure(err)));
        });
  }

  void operator()(arm_timer x) const {
    st().timers.arm(self, x.delay,
                    {static_cast<uint32_t>(x.which), x.generation});
  }

  void operator()(start_renderer x) const {
    st().account.begin(x.task.subject.id, steady_s());
    auto handle = st().deps.make_renderer(
      x.task, st().policy.node(),
      caf::actor_cast<render_owner_actor>(gpu_instance_actor{self}));
    self->monitor(handle);
    st().renderers.emplace(x.task.subject.id, std::move(handle));
  }

  void operator()(stop_renderers x) const {
    for (auto& [id, renderer] : st().renderers)
      self->send(renderer, msg::stop_render{x.reason});
  }

  void operator()(report x) const {
    st().account.follow(x.update, st().cfg.workload_type,
                        st().cfg.adopted.has_value(), steady_s());
    x.update.left = std::exchange(st().left, {});
    if (auto& boot = st().boot)
      send_span(st().deps.traces,
                boot->follow(x.update, st().cfg.workload_type, now()));
    self->send(st().deps.owner, std::move(x.update));
  }

  void operator()(end_job x) const {
    auto used = st().account.end(x.subject.id, steady_s());
    self->send(st().deps.owner,
               msg::job_ended{st().cfg.instance, std::move(x.subject),
                              std::move(x.outcome), std::move(used)});
  }

  void operator()(say x) const {
    auto& node = st().policy.node();
    x.about.gpu = st().cfg.instance;
    x.about.workload = st().cfg.workload_type;
    write_event(st().deps.log, log_level(x.level), x.about,
                fmt::format("gpu {} ({}{}{}): {}", st().cfg.instance,
                            st().cfg.workload_type, node.empty() ? "" : ", ",
                            node, x.text));
  }

  void operator()(quit) const {
    // Those of requests that nobody waits for any more would hold us.
    self->clock().cancel_timeouts(self);
    self->quit();
  }

  void on_render_ended(const job_id& id, job_outcome outcome) const {
    st().renderers.erase(id);
    run(st().policy.on_render_ended(id, std::move(outcome)));
  }

  void on_down(const caf::down_msg& x) const {
    for (auto& [job, renderer] : st().renderers)
      if (renderer.address() == x.source) {
        auto id = job;
        return on_render_ended(
          id,
          failed_outcome({failure_kind::unavailable,
                          "the renderer died: " + caf::to_string(x.reason)}));
      }
  }
};

} // namespace

gpu_instance_actor::behavior_type
gpu_instance_behavior(self_ptr self, gpu_instance::config cfg,
                      gpu_instance_deps deps) {
  auto& st = self->state;
  st.policy = gpu_instance::policy{cfg};
  st.cfg = std::move(cfg);
  st.deps = std::move(deps);
  if (st.deps.traces && !st.cfg.adopted)
    st.boot.emplace(st.deps.traces.ids());
  shell sh{self};
  self->set_down_handler([sh](const caf::down_msg& x) {
    sh.on_down(x);
  });
  // Renderers end with their owner.
  self->set_exit_handler([sh](const caf::exit_msg& x) {
    for (auto& [id, renderer] : sh.st().renderers)
      caf::anon_send_exit(renderer, caf::exit_reason::user_shutdown);
    sh.self->quit(x.reason);
  });
  sh.run(st.policy.start(sh.now()));
  return {
    [sh](msg::run_job& x) {
      sh.run(sh.st().policy.on_run_job(std::move(x)));
    },
    [sh](const msg::drain_gpu& x) {
      sh.run(sh.st().policy.on_drain(x.reason, sh.steady_s()));
    },
    [sh](const msg::halt_gpu& x) {
      sh.run(sh.st().policy.on_halt(x.reason, sh.steady_s()));
    },
    [sh](const msg::check_gpu&) {
      sh.run(sh.st().policy.on_ledger_doubt());
    },
    [sh](const msg::gpus_handed_over&) {
      sh.run(sh.st().policy.on_given_away());
    },
    [sh](msg::render_ended& x) {
      sh.on_render_ended(x.job_id, std::move(x.outcome));
    },
    [sh](const msg::render_parked& x) {
      sh.st().renderers.erase(x.job_id);
      sh.st().left.push_back(sh.st().account.end(x.job_id, sh.steady_s()));
      sh.run(sh.st().policy.on_render_parked(x.job_id));
    },
    [sh](const msg::timer_due& x) {
      if (!sh.st().timers.is_due(sh.self, x))
        return;
      sh.run(sh.st().policy.on_timer(static_cast<timer>(x.which), x.generation,
                                     sh.steady_s()));
    },
  };
}

} // namespace render
