// How an attempt ends, and whose the job is.
#include "actors/renderer/outcome.hpp"
#include "actors/renderer/own_network.hpp"
#include "actors/renderer/shell.hpp"

namespace render::renderer {

void shell::stop(const failure& why) const {
  if (!may_have_lost_job(why))
    return interrupt(why);
  ask_owner({}, -1, {}, st().cfg.interrupt_grace,
            [sh = *this, why](std::optional<failure> lost) {
              sh.interrupt(std::move(lost).value_or(why));
            });
}

void shell::interrupt(failure why) const {
  auto left = may_be_gone_on_with(why);
  if (!st().course.interrupt(std::move(why)))
    return;
  log(spdlog::level::info, "stopping: " + st().course.outcome().error.message);
  // The stream is closed first: some services forget a queued job only when its
  // listener hangs up.
  self->send(st().deps.http, msg::cancel_http{group_prefix()});
  self->send(st().deps.media, msg::cancel_media{group_prefix()});
  std::vector<http_request> requests;
  if (st().plan)
    guarded([&] {
      // Another job may use the GPU after this.
      if (!st().parked && (!left || !st().plan->may_be_followed()))
        requests = st().plan->interrupt();
      return step{};
    });
  st().interrupts_open = requests.size();
  for (auto& x : requests) {
    x.group = "stop/" + next_group();
    tell_trace(x);
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

void shell::one_interrupted() const {
  if (--st().interrupts_open == 0)
    interrupted();
}

void shell::interrupted() const {
  if (st().course.interrupted())
    conclude();
}

void shell::conclude() const {
  // A look at inputs has asked by itself.
  if (!st().course.doubts_network() || st().env.inputs_only
      || st().env.control_url.empty())
    return end();
  auto control = control_request(st().env);
  control.group = next_group();
  self
    ->request(st().deps.http, control.total_timeout + st().cfg.answer_margin,
              control)
    .then(
      [sh = *this](http_response&) {
        sh.end();
      },
      [sh = *this](caf::error& err) {
        if (reached_nobody(to_failure(err)))
          sh.st().course.blame_network();
        sh.end();
      });
}

// Of attempts that went well: how long a failure took says little about a
// stage.
void shell::note_stages() const {
  for (auto& [stage, seconds] : st().course.times.end(now_s())) {
    event about{"stage_ended"};
    about.type = st().task.subject.type;
    about.part = stage;
    about.seconds = seconds;
    note_event(st().deps.log, about);
  }
}

void shell::end() const {
  auto outcome = fit_to_leave(st().course.outcome(), st().deps.mask);
  event about{st().env.inputs_only ? "inputs_seen" : "render_ended"};
  about.outcome = outcome.success() ? "success" : "failed";
  if (outcome.success() && !st().env.inputs_only)
    note_stages();
  if (outcome.success()) {
    log(spdlog::level::info, st().env.inputs_only ? "can be used" : "rendered",
        std::move(about));
  } else {
    about.error_kind = to_string(outcome.error.kind);
    log(spdlog::level::warn,
        std::string{to_string(outcome.error.kind)} + ": "
          + outcome.error.message,
        std::move(about));
  }
  if (st().stages.attempt()) {
    st().stages.on_end(
      outcome.success() ? "" : std::string{to_string(outcome.error.kind)},
      now());
    tell_spans();
  }
  st().folder.remove();
  if (!st().side_group.empty())
    self->send(st().deps.http, msg::cancel_http{st().side_group});
  self->send(st().deps.owner, msg::render_ended{st().task.subject.id, outcome});
  // Callbacks of requests that nobody waits for would keep this actor alive
  // until those time out.
  self->clock().cancel_timeouts(self);
  self->quit();
}

void shell::report() const {
  auto& reporting = st().reporting;
  reporting.armed = false;
  if (st().course.current_phase() != run::phase::working)
    return;
  reporting.sent_at = self->clock().now();
  auto number = ++reporting.sent;
  auto patience = st().cfg.patience;
  ask_owner(st().course.stage(), st().course.progress(), patience,
            patience + st().cfg.progress_timeout,
            [sh = *this, number](std::optional<failure> lost) {
              if (lost)
                sh.interrupt(std::move(*lost));
              else if (number == sh.st().reporting.sent)
                sh.report_soon();
            });
}

void shell::report_soon() const {
  auto& reporting = st().reporting;
  if (reporting.armed)
    return;
  reporting.armed = true;
  auto left = reporting.sent_at + st().cfg.progress_interval
              - self->clock().now();
  arm(progress_tick,
      std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(left)));
}

void shell::ask_owner(const std::string& stage, double progress,
                      milliseconds patience, milliseconds timeout,
                      owner_handler then) const {
  auto& job = st().task.subject;
  self
    ->request(
      st().deps.progress, timeout,
      msg::report_progress{job.id, stage, progress, job.fence, patience})
    .then(
      [sh = *this, then](const msg::ownership& x) {
        sh.st().reporting.heard_at = sh.self->clock().now();
        then(reason_to_stop(x));
      },
      [sh = *this, then](caf::error& err) {
        sh.st().reporting.heard_at = sh.self->clock().now();
        sh.log(spdlog::level::debug,
               "progress not written: " + to_failure(err).message);
        then(std::nullopt);
      });
}

} // namespace render::renderer
