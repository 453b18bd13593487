#include "actors/renderer/renderer.hpp"

#include "messages/failure_caf.hpp"

#include <algorithm>
#include <filesystem>

namespace render {

scratch_folder::~scratch_folder() {
  remove();
}

result<void> scratch_folder::create(const std::string& path) {
  path_ = path;
  std::error_code err;
  std::filesystem::create_directories(path, err);
  if (err)
    return fail(failure_kind::unavailable,
                "the folder " + path + " cannot be made: " + err.message());
  return {};
}

void scratch_folder::remove() {
  std::error_code ignored;
  if (!path_.empty())
    std::filesystem::remove_all(path_, ignored);
  path_.clear();
}

namespace {

using self_ptr = renderer_actor::stateful_pointer<renderer_state>;
using std::chrono::milliseconds;

enum timer : uint32_t { progress_tick, deadline, wait_over, grace_over };

step finish_with(failure why) {
  step out;
  out.next = finish{failed_outcome(std::move(why))};
  return out;
}

template <class F>
step guarded(F f) {
  try {
    return f();
  } catch (const std::exception& err) {
    return finish_with({failure_kind::internal,
                        std::string{"unexpected exception: "} + err.what()});
  }
}

struct shell {
  self_ptr self;

  renderer_state& st() const {
    return self->state;
  }

  template <class... Ts>
  void log(spdlog::level::level_enum level, const std::string& text) const {
    auto& subject = st().task.subject;
    st().deps.log->log(level, "job {} ({}): {}", subject.id, subject.type,
                       text);
  }

  /// Groups of this attempt; the slash keeps job 1 apart from job 10.
  std::string group_prefix() const {
    return st().task.subject.id + "/";
  }

  std::string next_group() const {
    return group_prefix() + std::to_string(++st().groups_used);
  }

  void arm(timer which, milliseconds delay, uint64_t generation = 0) const {
    self->delayed_send(self, delay, msg::timer_due{which, generation});
  }

  milliseconds time_left() const {
    auto left = st().task.deadline_s - st().deps.now();
    return milliseconds{static_cast<int64_t>(std::max(0.0, left) * 1000)};
  }

  // -- the plan's steps -------------------------------------------------------

  void start() const {
    arm(deadline, time_left());
    arm(progress_tick, st().cfg.progress_interval);
    if (!may_be_lost(st().task.subject))
      return begin();
    ask_owner({}, -1, st().cfg.progress_timeout,
              [sh = *this](const result<msg::ownership>& got) {
                auto lost = got ? reason_to_stop(*got) : std::nullopt;
                if (lost)
                  sh.interrupt(std::move(*lost));
                else
                  sh.begin();
              });
  }

  void begin() const {
    if (st().course.current_phase() != run::phase::working)
      return;
    auto params = validate(st().task.subject);
    if (!params)
      return perform(finish_with(params.error()));
    if (auto made = st().folder.create(st().env.work_dir); !made)
      return perform(finish_with(made.error()));
    perform(guarded([&] {
      st().plan = st().deps.plans(st().task.subject, *params, st().env);
      return st().plan->start();
    }));
  }

  void perform(step next) const {
    note(next.stage, next.progress);
    if (next.remote)
      self->send(st().deps.progress,
                 msg::note_remote{st().task.subject.id, st().task.subject.fence,
                                  *next.remote});
    if (next.listen)
      listen(std::move(*next.listen));
    auto number = st().course.begin_step();
    std::visit(
      [&](auto& x) {
        carry_out(x, number);
      },
      next.next);
  }

  void listen(side_channel x) const {
    if (!st().side_group.empty())
      self->send(st().deps.http, msg::cancel_http{st().side_group});
    x.request.group = next_group();
    st().side_group = x.request.group;
    st().listening = std::move(x);
    auto sink = caf::actor_cast<http_sink_actor>(renderer_actor{self});
    self
      ->request(st().deps.http, time_left() + st().cfg.answer_margin,
                st().listening.request, sink)
      .then([](http_response&) {},
            [sh = *this](caf::error& err) {
              sh.log(spdlog::level::debug,
                     "no side channel: " + to_failure(err).message);
            });
  }

  void heard(const std::string& message) const {
    guarded([&] {
      auto event = st().listening.on_message(message);
      note(event.stage, event.progress);
      return step{};
    });
  }

  void note(const std::string& stage, double progress) const {
    if (st().course.note(stage, progress))
      log(spdlog::level::info, stage);
  }

  void carry_out(call& x, uint64_t number) const {
    auto& calling = st().calling;
    calling.then = std::move(x.then);
    calling.missing = x.operations.size();
    calling.got.assign(x.operations.size(),
                       fail(failure_kind::internal, "not answered"));
    if (x.operations.empty())
      return answered_all(number);
    for (size_t i = 0; i < x.operations.size(); ++i)
      std::visit(
        [&](auto& op) {
          ask(op, number, i);
        },
        x.operations[i]);
  }

  void ask(http_request& x, uint64_t number, size_t index) const {
    x.group = next_group();
    auto limit = x.total_timeout.count() > 0 ? x.total_timeout : time_left();
    request<http_response>(st().deps.http, limit + st().cfg.answer_margin,
                           number, index, x);
  }

  template <class Answer, class Handle, class Question>
  void request(const Handle& whom, milliseconds limit, uint64_t number,
               size_t index, Question& question) const {
    self->request(whom, limit, question)
      .then(
        [sh = *this, number, index](Answer& got) {
          sh.answered(number, index, answer{std::move(got)});
        },
        [sh = *this, number, index](caf::error& err) {
          sh.answered(number, index, fail(to_failure(err)));
        });
  }

  void ask(msg::identify_file& x, uint64_t number, size_t index) const {
    ask_media<msg::file_identity>(x, number, index);
  }

  void ask(msg::prepare_image& x, uint64_t number, size_t index) const {
    ask_media<msg::prepared_image>(x, number, index);
  }

  void ask(msg::prepare_audio& x, uint64_t number, size_t index) const {
    ask_media<msg::prepared_audio>(x, number, index);
  }

  template <class Answer, class Question>
  void ask_media(Question& x, uint64_t number, size_t index) const {
    x.group = next_group();
    request<Answer>(st().deps.media, st().cfg.media_timeout, number, index, x);
  }

  void ask(msg::store_file& x, uint64_t number, size_t index) const {
    x.group = next_group();
    request<msg::stored_file>(st().deps.store, st().cfg.store_timeout, number,
                              index, x);
  }

  void answered(uint64_t number, size_t index, result<answer> got) const {
    if (!st().course.is_current(number))
      return;
    st().calling.got[index] = std::move(got);
    if (--st().calling.missing == 0)
      answered_all(number);
  }

  void answered_all(uint64_t number) const {
    if (!st().course.is_current(number))
      return;
    auto then = std::move(st().calling.then);
    auto got = std::move(st().calling.got);
    perform(guarded([&] {
      return then(std::move(got));
    }));
  }

  void carry_out(stream& x, uint64_t number) const {
    x.request.group = next_group();
    st().stream_group = x.request.group;
    auto limit = x.request.total_timeout.count() > 0 ? x.request.total_timeout
                                                     : time_left();
    auto request = x.request;
    st().streaming = std::move(x);
    auto sink = caf::actor_cast<http_sink_actor>(renderer_actor{self});
    self->request(st().deps.http, limit + st().cfg.answer_margin, request, sink)
      .then(
        [sh = *this, number](http_response& got) {
          sh.stream_ended(number, std::move(got));
        },
        [sh = *this, number](caf::error& err) {
          sh.stream_ended(number, fail(to_failure(err)));
        });
  }

  void on_chunk(const msg::http_chunk& x) const {
    if (st().course.current_phase() != run::phase::working)
      return;
    if (!st().side_group.empty() && x.group == st().side_group)
      return heard(x.bytes);
    if (x.group != st().stream_group)
      return;
    stream_event event;
    auto failed = false;
    auto next = guarded([&] {
      event = st().streaming.on_bytes(x.bytes);
      note(event.stage, event.progress);
      return event.next ? event.next() : step{};
    });
    if (auto* end = std::get_if<finish>(&next.next))
      failed = !end->outcome.success();
    if (!event.next && !failed)
      return;
    // It has told all we wanted; what still comes is of no use.
    self->send(st().deps.http, msg::cancel_http{st().stream_group});
    st().stream_group.clear();
    perform(std::move(next));
  }

  void stream_ended(uint64_t number, result<http_response> got) const {
    if (!st().course.is_current(number))
      return;
    st().stream_group.clear();
    auto on_end = st().streaming.on_end;
    perform(guarded([&] {
      return on_end(std::move(got));
    }));
  }

  void carry_out(wait& x, uint64_t number) const {
    st().waiting = std::move(x.then);
    arm(wait_over, x.duration, number);
  }

  void waited(uint64_t number) const {
    if (!st().course.is_current(number))
      return;
    auto then = std::move(st().waiting);
    perform(guarded([&] {
      return then();
    }));
  }

  void carry_out(finish& x, uint64_t) const {
    if (st().course.finish(std::move(x.outcome)))
      end();
  }

  // -- the end ----------------------------------------------------------------

  // Who has lost the GPU to another worker has perhaps lost the job as well,
  // and must not begin it again elsewhere.
  void stop(const failure& why) const {
    if (why.kind != failure_kind::unavailable)
      return interrupt(why);
    ask_owner({}, -1, st().cfg.interrupt_grace,
              [sh = *this, why](const result<msg::ownership>& got) {
                auto lost = got ? reason_to_stop(*got) : std::nullopt;
                sh.interrupt(lost.value_or(why));
              });
  }

  void interrupt(failure why) const {
    auto lost = why.kind == failure_kind::not_owner
                || why.kind == failure_kind::unavailable;
    if (!st().course.interrupt(std::move(why)))
      return;
    log(spdlog::level::info,
        "stopping: " + st().course.outcome().error.message);
    // The stream first: a service may only forget a queued job when its
    // listener hangs up.
    self->send(st().deps.http, msg::cancel_http{group_prefix()});
    self->send(st().deps.media, msg::cancel_media{group_prefix()});
    std::vector<http_request> requests;
    if (st().plan)
      guarded([&] {
        if (!lost || !st().plan->may_be_followed())
          requests = st().plan->interrupt();
        return step{};
      });
    st().interrupts_open = requests.size();
    for (auto& x : requests) {
      x.group = "stop/" + next_group();
      x.total_timeout = st().cfg.interrupt_grace;
      self->request(st().deps.http, st().cfg.interrupt_grace, x)
        .then(
          [sh = *this](http_response&) {
            sh.one_interrupted();
          },
          [sh = *this](caf::error&) {
            sh.one_interrupted();
          });
    }
    if (requests.empty())
      return interrupted();
    arm(grace_over, st().cfg.interrupt_grace);
  }

  void one_interrupted() const {
    if (--st().interrupts_open == 0)
      interrupted();
  }

  void interrupted() const {
    if (st().course.interrupted())
      end();
  }

  void end() const {
    auto& outcome = st().course.outcome();
    if (outcome.success())
      log(spdlog::level::info, "rendered");
    else
      log(spdlog::level::warn, std::string{to_string(outcome.error.kind)} + ": "
                                 + outcome.error.message);
    st().folder.remove();
    if (!st().side_group.empty())
      self->send(st().deps.http, msg::cancel_http{st().side_group});
    self->send(st().deps.owner,
               msg::render_ended{st().task.subject.id, outcome});
    self->quit();
  }

  // -- progress, ownership, timers --------------------------------------------

  void report() const {
    if (st().course.current_phase() != run::phase::working)
      return;
    arm(progress_tick, st().cfg.progress_interval);
    ask_owner(st().course.stage(), st().course.progress(),
              st().cfg.progress_timeout,
              [sh = *this](const result<msg::ownership>& got) {
                if (auto lost = got ? reason_to_stop(*got) : std::nullopt)
                  sh.interrupt(std::move(*lost));
              });
  }

  // Writes progress, and tells `on` whose the job is. An outage of Redis stops
  // no render.
  template <class F>
  void ask_owner(const std::string& stage, double progress,
                 milliseconds timeout, F on) const {
    auto& job = st().task.subject;
    self
      ->request(st().deps.progress, timeout,
                msg::report_progress{job.id, stage, progress, job.fence})
      .then(
        [on](const msg::ownership& x) {
          on(x);
        },
        [sh = *this, on](caf::error& err) {
          auto why = to_failure(err);
          sh.log(spdlog::level::debug, "progress not written: " + why.message);
          on(fail(std::move(why)));
        });
  }

  void on_timer(const msg::timer_due& x) const {
    switch (static_cast<timer>(x.which)) {
    case progress_tick:
      return report();
    case deadline:
      return interrupt(
        {failure_kind::deadline_passed, st().task.deadline_error});
    case wait_over:
      return waited(x.generation);
    case grace_over:
      return interrupted();
    }
  }
};

} // namespace

renderer_actor::behavior_type
renderer_behavior(self_ptr self, renderer_config cfg, renderer_deps deps,
                  msg::run_job task, render_environment env) {
  auto& st = self->state;
  st.cfg = cfg;
  st.deps = std::move(deps);
  st.task = std::move(task);
  st.env = std::move(env);
  shell sh{self};
  sh.start();
  return {
    [sh](const msg::stop_render& x) {
      sh.stop(x.reason);
    },
    [sh](const msg::http_chunk& x) {
      sh.on_chunk(x);
    },
    [sh](const msg::timer_due& x) {
      sh.on_timer(x);
    },
  };
}

} // namespace render
