#include "actors/io/redis/job_store.hpp"

#include "actors/io/redis/shell.hpp"
#include "messages/worker_place.hpp"

namespace render {

namespace job_store {

void shell::run(channel where, command x, job_store_state::handler then) const {
  x.id = ++st().last_id;
  st().pending.emplace(x.id, std::move(then));
  st().link->submit(where, std::move(x));
}

void shell::run(command x, job_store_state::handler then) const {
  x.timeout = cfg().command_timeout;
  run(channel::commands, std::move(x), std::move(then));
}

void shell::arm(timer which, milliseconds delay) const {
  self->delayed_send(self, delay,
                     msg::timer_due{which, ++st().timer_generations[which]});
}

void shell::on_events(redis_events& xs) const {
  for (auto& x : xs.changes)
    on_change(x);
  for (auto& x : xs.completions) {
    if (is_refusal(x.answer))
      refused();
    if (auto node = st().pending.extract(x.id))
      node.mapped()(std::move(x.answer));
  }
}

void shell::on_change(const link_change& x) const {
  if (x.where == channel::waiting)
    return; // It fares like the other one; said once is enough.
  if (!x.up) {
    st().grace.on_down();
    st().claiming.hold.on_down(self->clock().now());
    fail_held_claims(x.text);
    return out().warn("{}", x.text);
  }
  out().info("{}", x.text);
  st().grace.on_up(self->clock().now());
  st().claiming.hold.on_up(self->clock().now(), cfg().claims.hold_min,
                           cfg().redis.backoff_max);
  replay_left();
  // Without free slots no claim follows soon that would.
  reconcile();
  renew();
  retry_failed_writes();
}

void shell::on_timer(const msg::timer_due& x) const {
  if (x.generation != st().timer_generations[x.which])
    return;
  switch (static_cast<timer>(x.which)) {
  case retry_writes:
    return retry_failed_writes();
  case poll_queue:
    return wait_for_work();
  case reconcile_again:
    return reconcile();
  case renew_leases:
    return renew();
  case recover_jobs:
    return recover();
  case replay_again:
    return replay_known();
  case look_at_left_gpus:
    return look_at_left();
  case claim_held_back:
    return claim_held();
  }
}

void shell::run(script_call x, job_store_state::handler then) const {
  run(make_command(std::move(x)), std::move(then));
}

promise<std::string> shell::version() const {
  auto to = self->make_response_promise<std::string>();
  command x;
  x.args = {"INFO", "server"};
  run(std::move(x), [to](answer got) mutable {
    deliver(to, std::move(got).and_then([](reply&& y) {
      return decode_version(y);
    }));
  });
  return to;
}

} // namespace job_store

job_store_shell_actor::behavior_type job_store_behavior(
  job_store_shell_actor::stateful_pointer<job_store_state> self,
  job_store::config cfg, job_store_deps deps) {
  using namespace job_store;
  auto& st = self->state;
  st.deps = std::move(deps);
  st.link = st.deps.make_link(
    cfg.redis,
    [me = caf::actor_cast<job_store_shell_actor>(self)](redis_events xs) {
      caf::anon_send(me, std::move(xs));
    });
  st.cfg = std::move(cfg);
  auto start_ms = static_cast<uint64_t>(st.deps.now() * 1000);
  st.place.order = worker_place(st.cfg.worker.id);
  st.durable.session = {st.cfg.worker.id, start_ms};
  shell sh{self};
  if (auto left = st.deps.local->left())
    st.durable.left = std::move(*left);
  else
    sh.journaled(fail(left.error()));
  sh.arm(recover_jobs, st.cfg.recover.after_failure);
  sh.arm(renew_leases, st.cfg.worker.lease / 3);
  // CAF tries them in turn: what comes most is first.
  return {
    [sh](redis_events& x) {
      sh.on_events(x);
    },
    [sh](const msg::timer_due& x) {
      sh.on_timer(x);
    },
    [sh](const msg::await_work& x) {
      return sh.await_work(x);
    },
    [sh](const msg::peek_queue& x) {
      return sh.peek(x);
    },
    [sh](const msg::claim_jobs& x) {
      return sh.claim(x);
    },
    [sh](const msg::claim_unfit& x) {
      return sh.claim_unfit(x);
    },
    [sh](const msg::settle_job& x) {
      return sh.settle(x);
    },
    [sh](const msg::release_job& x) {
      return sh.release(x);
    },
    [sh](const msg::note_attempt& x) {
      sh.note(x);
    },
    [sh](const msg::note_remote& x) {
      sh.note(x);
    },
    [sh](const msg::write_gpu& x) {
      return sh.write_gpu(x);
    },
    [sh](const msg::close_gpu& x) {
      return sh.close_gpu(x);
    },
    [sh](const msg::leave_gpu& x) {
      sh.drop_gpu(x.id);
    },
    [sh](const msg::confirm_jobs& x) {
      sh.confirm(x);
    },
    [sh](const msg::confirm_gpus& x) {
      sh.confirm(x);
    },
    [sh](const msg::take_gpus& x) {
      return sh.take_gpus(x);
    },
    [sh](const msg::view_gpus& x) {
      return sh.view_gpus(x);
    },
    [sh](const msg::report_progress& x) {
      return sh.progress(x);
    },
    [sh](const msg::take_webhooks& x) {
      return sh.take_webhooks(x);
    },
    [sh](const msg::record_delivery& x) {
      return sh.record(x);
    },
    [sh](caf::get_atom) {
      return sh.version();
    },
  };
}

} // namespace render
