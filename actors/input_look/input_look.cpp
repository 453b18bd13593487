#include "actors/input_look/input_look.hpp"

#include "actors/input_look/choice.hpp"
#include "actors/shell.hpp"
#include "messages/failure_caf.hpp"
#include "messages/text/printable.hpp"

#include <set>

namespace render {

namespace {

using namespace std::chrono_literals;

using self_ptr = input_look_shell::stateful_pointer<input_look_state>;
using question_ptr = std::shared_ptr<input_look_state::question>;

constexpr uint32_t peek_limit = 100;
// Above the JOB STORE's own timeout: the job of a claim whose answer is lost
// goes back to the queue.
constexpr auto ask_timeout = 20s;

struct shell {
  self_ptr self;
  std::shared_ptr<const input_look_config> cfg;
  std::shared_ptr<const input_look_deps> deps;

  input_look_state& st() const {
    return self->state;
  }

  auto look(const msg::look_at_inputs& x) const {
    auto asked = std::make_shared<input_look_state::question>();
    // The sender is not known any more after make_response_promise.
    asked->asker = caf::actor_cast<work_sink_actor>(self->current_sender());
    asked->to = self->make_response_promise<msg::inputs_seen>();
    auto to = asked->to;
    self->request(deps->queue, ask_timeout, msg::peek_queue{peek_limit, {}})
      .then(
        [sh = *this, asked, types = x.types](const msg::queue_snapshot& seen) {
          std::set<job_id> open;
          for (auto& [id, look] : sh.st().open)
            open.insert(id);
          sh.begin(asked, input_look::choose(seen, types, open, sh.cfg->most,
                                             peek_limit, sh.deps->now()));
        },
        [asked](caf::error& err) {
          asked->to.deliver(std::move(err));
        });
    return to;
  }

  void begin(const question_ptr& asked, input_look::choice what) const {
    asked->seen.usable = what.unseen;
    for (auto& x : what.jobs) {
      ++asked->missing;
      msg::run_job task;
      task.deadline_s = steady_s(*self)
                        + std::chrono::duration<double>(cfg->limit).count();
      task.deadline_error = "the look took too long";
      task.subject = x;
      auto renderer = deps->make_look(
        task, caf::actor_cast<render_owner_actor>(input_look_shell{self}));
      self->monitor(renderer);
      auto id = x.id;
      st().open.emplace(
        id, input_look_state::look{asked, std::move(x), std::move(renderer)});
    }
    answer_if_done(asked);
  }

  void ended(const job_id& id, const job_outcome& outcome) const {
    auto node = st().open.extract(id);
    if (node.empty())
      return;
    auto& x = node.mapped();
    if (input_look::is_refused(outcome))
      return refuse(x.asked, std::move(x.subject), outcome.error);
    ++x.asked->seen.usable;
    one_done(x.asked);
  }

  // A worker with a free slot may have claimed the job meanwhile, and keeps it.
  void refuse(const question_ptr& asked, job subject, failure why) const {
    auto id = subject.id;
    self->request(deps->queue, ask_timeout, msg::claim_unfit{id})
      .then(
        [sh = *this, asked, subject = std::move(subject),
         why = std::move(why)](msg::claimed_jobs& got) {
          sh.claimed(asked, subject, why, std::move(got));
          sh.one_done(asked);
        },
        [sh = *this, asked, id](const caf::error& err) {
          sh.deps->log->warn("job {}: cannot be refused now: {}", id,
                             to_failure(err).message);
          sh.one_done(asked);
        });
  }

  void claimed(const question_ptr& asked, const job& looked_at,
               const failure& why, msg::claimed_jobs got) const {
    msg::jobs_claimed out;
    out.unfit = std::move(got.unfit);
    for (auto& x : got.jobs) {
      if (!input_look::is_same(x, looked_at)) {
        put_back(x);
        continue;
      }
      deps->log->warn("job {} ({}): refused, and no GPU is launched for it: {}",
                      x.id, x.type, printable(why.message, 500));
      out.unfit.push_back({std::move(x), why});
    }
    asked->seen.refused += static_cast<uint32_t>(out.unfit.size());
    if (!out.unfit.empty())
      self->send(asked->asker, std::move(out));
  }

  void put_back(const job& x) const {
    self->request(deps->ledger, ask_timeout, msg::release_job{x.id, x.fence})
      .then([](caf::ok_atom) {},
            // The JOB STORE gives back a claimed job that nobody works on.
            [sh = *this, id = x.id](const caf::error& err) {
              sh.deps->log->warn("job {}: not put back yet: {}", id,
                                 to_failure(err).message);
            });
  }

  void one_done(const question_ptr& asked) const {
    --asked->missing;
    answer_if_done(asked);
  }

  void answer_if_done(const question_ptr& asked) const {
    if (asked->missing == 0)
      asked->to.deliver(asked->seen);
  }

  void on_down(const caf::down_msg& down) const {
    for (auto& [id, x] : st().open)
      if (x.renderer.address() == down.source) {
        auto gone = id;
        return ended(gone, failed_outcome(
                             {failure_kind::unavailable, "the renderer died"}));
      }
  }
};

} // namespace

input_look_shell::behavior_type input_look_behavior(self_ptr self,
                                                    input_look_config cfg,
                                                    input_look_deps deps) {
  shell sh{self, std::make_shared<const input_look_config>(cfg),
           std::make_shared<const input_look_deps>(std::move(deps))};
  self->set_down_handler([sh](const caf::down_msg& x) {
    sh.on_down(x);
  });
  // The RENDERERS of open looks end with this actor.
  self->set_exit_handler([sh](const caf::exit_msg& x) {
    for (auto& [id, look] : sh.st().open)
      caf::anon_send_exit(look.renderer, caf::exit_reason::user_shutdown);
    sh.self->quit(x.reason);
  });
  return {
    [sh](const msg::look_at_inputs& x) {
      return sh.look(x);
    },
    [sh](const msg::render_ended& x) {
      sh.ended(x.job_id, x.outcome);
    },
    [](const msg::render_parked&) {
      // A look has no result to store.
    },
  };
}

} // namespace render
