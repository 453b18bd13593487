// A claimed job, until it is settled or given back.
#include "actors/io/redis/scripts/note_attempt.hpp"
#include "actors/io/redis/scripts/note_remote.hpp"
#include "actors/io/redis/scripts/progress.hpp"
#include "actors/io/redis/scripts/release.hpp"
#include "actors/io/redis/shell.hpp"
#include "messages/job_params.hpp"
#include "messages/text/utf8.hpp"

namespace render::job_store {

namespace {

/// A Python worker that comes upon such a job does not end it once more.
bool is_cut_short(const job_outcome& x) {
  auto kind = x.error.kind;
  return !x.success()
         && (kind == failure_kind::deadline_passed
             || kind == failure_kind::unavailable
             || kind == failure_kind::outcome_unknown);
}

/// As the outbox gets it; without a URL when nobody wants it.
webhook webhook_of(const held_job& x) {
  webhook out;
  out.job_id = x.subject.id;
  out.id = "msg_" + out.job_id;
  out.url = notify_url_of(x.subject.data);
  if (!out.url.empty())
    out.body = webhook_body(x.subject, *x.outcome);
  return out;
}

/// What its producer should know of a job that ran all the same.
std::string notice_of(const job& x) {
  auto flaw = notify_url_flaw(x.data);
  return flaw ? valid_utf8(flaw->message + "; no webhook is sent") : "";
}

} // namespace

promise<msg::ownership> shell::progress(const msg::report_progress& x) const {
  auto to = self->make_response_promise<msg::ownership>();
  progress(x, true, to);
  return to;
}

void shell::progress(const msg::report_progress& x, bool may_be_lost,
                     promise<msg::ownership> to) const {
  confirm(x.job_id, x.fence);
  auto sent = self->clock().now();
  auto is_news = !st().progress.has(x, sent, cfg().progress_kept);
  if (is_news)
    st().progress.on_write(x.job_id);
  run(is_news ? call_of(progress_args{cfg().worker, x, now_s()})
              : call_of(ask_owner_args{cfg().worker, x.job_id, x.fence}),
      [sh = *this, x, is_news, sent, may_be_lost, to](answer got) mutable {
        auto said = std::move(got).and_then(read_owner);
        if (is_news && said && said->ours && sh.held_of(x.job_id, x.fence))
          sh.st().progress.on_written(x, sent);
        if (!said || said->ours || !sh.held_of(x.job_id, x.fence))
          return deliver(to, std::move(said).map([](auto&& y) {
            return msg::ownership{y.ours, std::move(y.status)};
          }));
        auto not_ours = [sh, x, to, status = said->status]() mutable {
          sh.give_up(x.job_id, x.fence);
          to.deliver(msg::ownership{false, std::move(status)});
        };
        if (!may_be_lost)
          return not_ours();
        sh.check_loss([sh, x, to, not_ours](bool lost) mutable {
          if (lost)
            return sh.progress(x, false, to);
          not_ours();
        });
      });
}

void shell::note(const msg::note_remote& x) const {
  confirm(x.job_id, x.fence);
  if (auto* known = held_of(x.job_id, x.fence)) {
    known->subject.remote = x.remote;
    keep(*known);
  }
  run(call_of(note_remote_args{cfg().worker, x.job_id, x.fence, x.remote}),
      [](const answer&) {
        // Without it a new owner renders anew.
      });
}

void shell::note(const msg::note_attempt& x) const {
  auto& job = x.subject;
  confirm(job.id, job.fence);
  if (auto* known = held_of(job.id, job.fence)) {
    known->subject = job;
    keep(*known);
  }
  run(call_of(note_attempt_args{cfg().worker, job}), [](const answer&) {
    // Not worth a second try: see the interface.
  });
}

promise<msg::job_settled> shell::settle(const msg::settle_job& x) const {
  auto to = self->make_response_promise<msg::job_settled>();
  auto& id = x.subject.id;
  confirm(id, x.subject.fence);
  if (!x.outcome.success()
      && (x.outcome.error.kind == failure_kind::cancelled
          || x.outcome.error.kind == failure_kind::not_owner
          || x.outcome.error.kind == failure_kind::shutting_down
          || x.outcome.error.kind == failure_kind::unfit)) {
    out().error("job {}: asked to settle what is not ours to end ({})", id,
                x.outcome.error.message);
    to.deliver(msg::job_settled{id, false, {}});
    return to;
  }
  held_job ended;
  ended.subject = x.subject;
  ended.owner = cfg().worker.id;
  ended.session = st().durable.session;
  ended.outcome = x.outcome;
  if (auto* known = held_of(id, x.subject.fence)) {
    known->subject = x.subject;
    known->outcome = x.outcome;
    keep(*known);
  }
  settle(ended, true, to);
  return to;
}

void shell::settle(const held_job& x, bool may_be_lost,
                   promise<msg::job_settled> to) const {
  auto& id = x.subject.id;
  auto fence = x.subject.fence;
  write(
    write_name("settle", id, fence),
    [sh = *this, x](write_number number) {
      return make_command(call_of(sh.end_of(x, sh.cfg().outbox_lease, number)));
    },
    [sh = *this, x, id, fence, may_be_lost, to](const answer& got,
                                                write_number number) mutable {
      auto said = answer{got}.and_then(read_settle);
      if (said && !said->written && may_be_lost && sh.held_of(id, fence))
        return sh.check_loss([sh, x, to](bool) {
          sh.settle(x, false, to);
        });
      sh.forget(id, fence);
      if (said && said->written)
        sh.settled(id, fence, x.session, number);
      else
        sh.drop(id, fence);
      deliver(to, std::move(said).map([&](auto&& y) {
        msg::job_settled out{id, y.written, {}};
        if (y.webhook) {
          auto entry = webhook_of(x);
          entry.attempts = y.webhook->attempts;
          entry.created_ms = y.webhook->created_ms;
          out.webhooks.push_back(std::move(entry));
        }
        return out;
      }));
    });
}

settle_args shell::end_of(const held_job& x, milliseconds lease,
                          write_number number) const {
  settle_args out;
  out.worker = cfg().worker;
  out.worker.id = x.owner;
  out.mark = mark(x.session, number);
  out.now_s = now_s();
  out.job_id = x.subject.id;
  out.fence = x.subject.fence;
  out.outcome = *x.outcome;
  out.cut_short = is_cut_short(out.outcome);
  out.notice = notice_of(x.subject);
  if (is_recordless(x.subject) && !out.outcome.success())
    out.made_record = cfg().claims.made_record;
  out.wanted = webhook_of(x);
  if (!out.wanted.url.empty())
    out.mac = webhook_mac(cfg().outbox_key, out.wanted);
  out.outbox_lease = lease;
  return out;
}

void shell::settled(const std::string& id, uint64_t fence,
                    const node_id& session, write_number number) const {
  redis_has(session, number);
  if (auto* x = held_of(id, fence)) {
    x->settled = number;
    keep(*x);
  }
}

// Unless it was claimed again meanwhile.
void shell::forget(const std::string& id, uint64_t fence) const {
  st().claimed.forget(id, fence);
  st().progress.forget(id, fence);
}

// Should Redis lose it now, a job that nobody works on must not come back as
// ours. One whose end we have been told is for `settle` to give up.
void shell::give_up(const std::string& id, uint64_t fence) const {
  auto* x = held_of(id, fence);
  if (!x || x->outcome)
    return;
  forget(id, fence);
  drop(id, fence);
}

promise<caf::ok_atom> shell::release(const msg::release_job& x) const {
  auto to = self->make_response_promise<caf::ok_atom>();
  auto id = x.job_id;
  confirm(id, x.fence);
  write(
    write_name("release", id, x.fence),
    [call = call_of(release_args{cfg().worker, id, x.fence})](write_number) {
      return make_command(call);
    },
    [sh = *this, id, fence = x.fence, to](const answer& got,
                                          write_number) mutable {
      sh.forget(id, fence);
      sh.drop(id, fence);
      deliver(to, answer{got}.map([](auto&&) {
        return caf::ok_atom{};
      }));
    });
  return to;
}

} // namespace render::job_store
