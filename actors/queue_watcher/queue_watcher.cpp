#include "actors/queue_watcher/queue_watcher.hpp"

#include "actors/shell.hpp"
#include "messages/failure_caf.hpp"

namespace render {

namespace {

using namespace queue_watcher;

using self_ptr = queue_watcher_actor::stateful_pointer<queue_watcher_state>;

// Well above the JOB STORE's own timeout: its answer is lost when ours is
// first, and with it the jobs of a claim.
constexpr auto ask_timeout = std::chrono::seconds{20};

struct shell {
  self_ptr self;
  queue_watcher_deps deps;

  queue_watcher::policy& policy() const {
    return self->state.policy;
  }

  moment now() const {
    return {steady_s(), deps.now()};
  }

  double steady_s() const {
    return render::steady_s(*self);
  }

  void run(effects xs) const {
    perform(*this, std::move(xs));
  }

  void operator()(wait_for_work x) const {
    self
      ->request(deps.queue, x.patience + ask_timeout,
                msg::await_work{x.patience})
      .then(
        [sh = *this](const msg::queue_head& head) {
          sh.run(sh.policy().on_head(head, sh.steady_s()));
        },
        [sh = *this](const caf::error& err) {
          sh.run(sh.policy().on_wait_failed(to_failure(err), sh.steady_s()));
        });
  }

  void operator()(claim x) const {
    self->request(deps.queue, ask_timeout, msg::claim_jobs{std::move(x.quotas)})
      .then(
        [sh = *this](msg::claimed_jobs& jobs) {
          sh.run(sh.policy().on_claimed(std::move(jobs), sh.now()));
        },
        [sh = *this](const caf::error& err) {
          sh.run(sh.policy().on_claim_failed(to_failure(err), sh.steady_s()));
        });
  }

  void operator()(peek x) const {
    self
      ->request(deps.queue, ask_timeout,
                msg::peek_queue{x.limit, std::move(x.known)})
      .then(
        [sh = *this](msg::queue_snapshot& seen) {
          sh.run(sh.policy().on_peeked(std::move(seen), sh.now()));
        },
        [sh = *this](const caf::error& err) {
          sh.run(sh.policy().on_peek_failed(to_failure(err), sh.steady_s()));
        });
  }

  void operator()(reject x) const {
    self->request(deps.queue, ask_timeout, msg::claim_unfit{x.job_id})
      .then(
        [sh = *this, id = x.job_id](msg::claimed_jobs& jobs) {
          sh.run(sh.policy().on_rejected(id, std::move(jobs), sh.now()));
        },
        [sh = *this, id = x.job_id](const caf::error& err) {
          sh.run(sh.policy().on_reject_failed(id, to_failure(err)));
        });
  }

  void operator()(deliver x) const {
    self->send(deps.sink, std::move(x.what));
  }

  void operator()(report x) const {
    self->send(deps.sink, std::move(x.what));
  }

  void operator()(arm_timer x) const {
    self->delayed_send(self, x.delay, msg::timer_due{0, x.generation});
  }

  void operator()(complain x) const {
    deps.log->warn("queue: {}", x.text);
  }

  void operator()(tell x) const {
    write_event(deps.log, spdlog::level::warn, x.about, x.text);
  }
};

} // namespace

queue_watcher_actor::behavior_type
queue_watcher_behavior(self_ptr self, queue_watcher::config cfg,
                       queue_watcher_deps deps) {
  self->state.policy = queue_watcher::policy{cfg};
  shell sh{self, std::move(deps)};
  return {
    [sh](msg::capacity& x) {
      sh.run(sh.policy().on_capacity(std::move(x), sh.steady_s()));
    },
    [sh](const msg::look_now&) {
      sh.run(sh.policy().on_look_wanted(sh.steady_s()));
    },
    [sh](const msg::timer_due& x) {
      sh.run(sh.policy().on_timer(x.generation, sh.steady_s()));
    },
  };
}

} // namespace render
