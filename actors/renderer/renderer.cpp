#include "actors/renderer/shell.hpp"
#include "actors/shell.hpp"
#include "messages/trace_headers.hpp"

#include <algorithm>

namespace render {

namespace renderer {

void shell::log(spdlog::level::level_enum level, const std::string& text,
                event about) const {
  auto& subject = st().task.subject;
  about.job = subject.id;
  about.type = subject.type;
  about.attempt = subject.attempt;
  about.trace = st().stages.current();
  write_event(st().deps.log, level, about,
              fmt::format("job {} ({}){}: {}", subject.id, subject.type,
                          st().env.inputs_only ? ", its inputs alone" : "",
                          text));
}

std::string shell::group_prefix() const {
  return st().cfg.group + st().task.subject.id + "/";
}

std::string shell::next_group() const {
  return group_prefix() + std::to_string(++st().groups_used);
}

void shell::arm(timer which, milliseconds delay, uint64_t generation) const {
  st().timers.arm(self, delay, {which, generation});
}

double shell::now_s() const {
  return steady_s(*self);
}

milliseconds shell::time_left() const {
  auto left = st().task.deadline_s - now_s();
  return milliseconds{static_cast<int64_t>(std::max(0.0, left) * 1000)};
}

moment shell::now() const {
  return {now_s(), st().deps.now()};
}

void shell::tell_spans() const {
  send_spans(st().deps.traces, st().stages.take());
}

void shell::tell_trace(http_request& x) const {
  if (is_to_node(x.url, st().env))
    add_trace_headers(x, st().stages.current());
}

void shell::start() const {
  auto& reporting = st().reporting;
  reporting.heard_at = reporting.sent_at = self->clock().now();
  arm(deadline, time_left());
  report_soon();
  if (!may_be_lost(st().task.subject))
    return begin();
  ask_owner({}, -1, {}, st().cfg.progress_timeout,
            [sh = *this](std::optional<failure> lost) {
              if (lost)
                sh.interrupt(std::move(*lost));
              else
                sh.begin();
            });
}

void shell::begin() const {
  if (st().course.current_phase() != run::phase::working)
    return;
  auto params = validate(st().task.subject);
  if (!params)
    return perform(finish_with(params.error()));
  auto& subject = st().task.subject;
  // Weak: on a disk that hangs the answer may never come.
  auto me = caf::actor_cast<caf::weak_actor_ptr>(renderer_actor{self});
  arm(folder_late, st().cfg.folder_timeout);
  st().folder.create(st().deps.folders,
                     subject.id + "-" + std::to_string(subject.attempt),
                     [me, params = *params](result<std::string> path) {
                       if (auto whom = me.lock())
                         caf::anon_send(caf::actor_cast<caf::actor>(whom),
                                        folder_made{std::move(path), params});
                     });
}

void shell::on_folder(const folder_made& x) const {
  if (st().course.current_phase() != run::phase::working)
    return;
  if (!x.path)
    return perform(finish_with(x.path.error()));
  st().env.work_dir = *x.path;
  perform(guarded([&] {
    st().plan = st().deps.plans(st().task.subject, x.params, st().env);
    return st().plan->start();
  }));
}

void shell::on_folder_late() const {
  if (st().course.current_phase() == run::phase::working && !st().plan)
    perform(finish_with(
      {failure_kind::unfit, "the disk does not make the attempt's folder"}));
}

void shell::perform(step next) const {
  using std::chrono::duration_cast;
  auto unheard = self->clock().now() - st().reporting.heard_at;
  if (!asks_before(next, duration_cast<milliseconds>(unheard),
                   st().cfg.slept_after))
    return carry_out(std::move(next));
  log(spdlog::level::warn,
      "nothing was done for "
        + std::to_string(duration_cast<std::chrono::seconds>(unheard).count())
        + " s; asking whose the job is");
  // Answers to the step before are stale now.
  st().course.begin_step();
  ask_owner({}, -1, {}, st().cfg.progress_timeout,
            [sh = *this, left = std::make_shared<step>(std::move(next))](
              std::optional<failure> lost) {
              if (lost)
                sh.interrupt(std::move(*lost));
              else if (sh.st().course.current_phase() == run::phase::working)
                sh.carry_out(std::move(*left));
            });
}

void shell::carry_out(step next) const {
  if (st().stages.attempt()) {
    st().stages.on_step(next, now());
    tell_spans();
  }
  note(next.stage, next.progress);
  if (next.remote)
    self->send(st().deps.progress,
               msg::note_remote{st().task.subject.id, st().task.subject.fence,
                                st().deps.mask.masked(*next.remote)});
  if (next.listen)
    listen(std::move(*next.listen));
  auto number = st().course.begin_step();
  st().course.times.enter(stage_of(next), now_s());
  std::visit(
    [&](auto& x) {
      carry_out(x, number);
    },
    next.next);
}

void shell::listen(side_channel x) const {
  if (!st().side_group.empty())
    self->send(st().deps.http, msg::cancel_http{st().side_group});
  x.request.group = next_group();
  tell_trace(x.request);
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

void shell::heard(const std::string& message) const {
  auto wake = false;
  guarded([&] {
    auto event = st().listening.on_message(message);
    note(event.stage, event.progress);
    wake = event.wake;
    return step{};
  });
  if (wake)
    waited(st().waiting_step);
}

void shell::note(const std::string& stage, double progress) const {
  constexpr size_t stage_max = 300;
  auto shown = foreign_text(stage, st().deps.mask, stage_max);
  auto before = st().course.progress();
  auto is_new = st().course.note(shown, progress);
  if (is_new)
    log(spdlog::level::info, shown, event{"job_stage"});
  if (is_new || st().course.progress() != before)
    report_soon();
}

void shell::carry_out(call& x, uint64_t number) const {
  auto& calling = st().calling;
  st().course.ask();
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

void shell::ask(http_request& x, uint64_t number, size_t index) const {
  x.group = next_group();
  tell_trace(x);
  auto limit = x.total_timeout.count() > 0 ? x.total_timeout : time_left();
  if (!is_input(x))
    return request<http_response>(
      st().deps.http, limit + st().cfg.answer_margin, number, index, x);
  self->request(st().deps.http, limit + st().cfg.answer_margin, x)
    .then(
      [sh = *this, number, index](http_response& got) {
        if (got.ok()) {
          event about{"input_fetched"};
          about.bytes = got.body_bytes;
          note_event(sh.st().deps.log, about);
        }
        sh.answered(number, index, answer{std::move(got)});
      },
      [sh = *this, number, index](caf::error& err) {
        sh.answered(number, index, fail(to_failure(err)));
      });
}

void shell::ask(msg::identify_file& x, uint64_t number, size_t index) const {
  ask_media<msg::file_identity>(x, number, index);
}

void shell::ask(msg::prepare_image& x, uint64_t number, size_t index) const {
  ask_media<msg::prepared_image>(x, number, index);
}

void shell::ask(msg::prepare_audio& x, uint64_t number, size_t index) const {
  ask_media<msg::prepared_audio>(x, number, index);
}

void shell::ask(msg::store_file& x, uint64_t number, size_t index) const {
  x.group = next_group();
  store({std::move(x), number, index, 0});
}

void shell::answered(uint64_t number, size_t index, result<answer> got) const {
  if (!st().course.is_current(number))
    return;
  if (!got)
    st().course.note_failure(got.error());
  st().calling.got[index] = std::move(got);
  if (--st().calling.missing == 0)
    answered_all(number);
}

void shell::answered_all(uint64_t number) const {
  if (!st().course.is_current(number))
    return;
  auto then = std::move(st().calling.then);
  auto got = std::move(st().calling.got);
  perform(guarded([&] {
    return then(std::move(got));
  }));
}

void shell::carry_out(stream& x, uint64_t number) const {
  x.request.group = next_group();
  tell_trace(x.request);
  st().stream_group = x.request.group;
  st().course.ask();
  auto limit = x.request.total_timeout.count() > 0 ? x.request.total_timeout
                                                   : time_left();
  auto request = std::exchange(x.request, {});
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

void shell::on_chunk(const msg::http_chunk& x) const {
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
  // The stream has served its purpose; the rest of it is not read.
  self->send(st().deps.http, msg::cancel_http{st().stream_group});
  st().stream_group.clear();
  perform(std::move(next));
}

void shell::stream_ended(uint64_t number, result<http_response> got) const {
  if (!st().course.is_current(number))
    return;
  st().stream_group.clear();
  if (!got)
    st().course.note_failure(got.error());
  auto on_end = st().streaming.on_end;
  perform(guarded([&] {
    return on_end(std::move(got));
  }));
}

void shell::carry_out(wait& x, uint64_t number) const {
  st().waiting = std::move(x.then);
  st().waiting_step = number;
  arm(wait_over, x.duration, number);
}

void shell::waited(uint64_t number) const {
  if (!st().course.is_current(number))
    return;
  auto then = std::move(st().waiting);
  perform(guarded([&] {
    return then();
  }));
}

void shell::carry_out(finish& x, uint64_t) const {
  if (st().course.finish(std::move(x.outcome)))
    conclude();
}

void shell::on_timer(const msg::timer_due& x) const {
  if (!st().timers.is_due(self, x))
    return;
  switch (static_cast<timer>(x.which)) {
  case progress_tick:
    return report();
  case deadline:
    return interrupt({failure_kind::deadline_passed,
                      st().task.deadline_error
                        + (st().parked ? "; it was rendered, but the storage "
                                         "did not take the result"
                                       : "")});
  case wait_over:
    return waited(x.generation);
  case grace_over:
    return interrupted();
  case store_again:
    return try_to_store(x.generation);
  case folder_late:
    return on_folder_late();
  }
}

} // namespace renderer

renderer_shell_actor::behavior_type
renderer_behavior(renderer_shell_actor::stateful_pointer<renderer_state> self,
                  renderer_config cfg, renderer_deps deps, msg::run_job task,
                  render_environment env) {
  auto& st = self->state;
  st.cfg = cfg;
  st.deps = std::move(deps);
  st.task = std::move(task);
  st.env = std::move(env);
  st.retries = {cfg.store_delay_min, cfg.store_delay_max, st.env.seed};
  if (st.deps.traces)
    st.stages = {st.task.trace, st.env.seed};
  renderer::shell sh{self};
  sh.start();
  return {
    [sh](const msg::stop_render& x) {
      // A GPU INSTANCE whose slot was given back cannot stop the attempt.
      if (!sh.st().parked || sh.is_from_owner())
        sh.stop(x.reason);
    },
    [sh](const msg::http_chunk& x) {
      sh.on_chunk(x);
    },
    [sh](const msg::timer_due& x) {
      sh.on_timer(x);
    },
    [sh](const renderer::folder_made& x) {
      sh.on_folder(x);
    },
  };
}

} // namespace render
