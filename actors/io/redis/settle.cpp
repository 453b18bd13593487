// A claimed job, until it is settled or given back.
#include "actors/io/redis/shell.hpp"
#include "messages/job_params.hpp"
#include "messages/text/utf8.hpp"

namespace render::job_store {

namespace {

/// Of the whole, as a person would write it.
std::string share_text(double x) {
  return number_text(std::round(x * 1000) / 1000);
}

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

command shell::progress_command(const msg::report_progress& x) const {
  return make_command(
    progress_script(),
    {keys::record(x.job_id), keys::lock(x.job_id), leases_key()},
    {cfg().worker_id, std::to_string(cfg().lock_ttl.count()),
     valid_utf8(x.stage), share_text(x.progress), now_s(),
     std::to_string(x.fence), std::to_string(cfg().lease.count()), x.job_id});
}

void shell::progress(const msg::report_progress& x, bool may_be_lost,
                     promise<msg::ownership> to) const {
  heard_of(x.job_id, x.fence);
  auto sent = self->clock().now();
  auto is_news = !st().progress.has(x, sent, cfg().progress_kept);
  command what;
  if (is_news) {
    st().progress.on_write(x.job_id);
    what = progress_command(x);
  } else {
    what = make_command(ask_owner_script(), {keys::record(x.job_id)},
                        {cfg().worker_id, std::to_string(x.fence)});
  }
  run(std::move(what),
      [sh = *this, x, is_news, sent, may_be_lost, to](answer got) mutable {
        auto said = std::move(got).and_then(decode_ownership);
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
  heard_of(x.job_id, x.fence);
  if (auto* known = held_of(x.job_id, x.fence)) {
    known->subject.remote = x.remote;
    keep(*known);
  }
  run(make_command(note_remote_script(), {keys::record(x.job_id)},
                   {cfg().worker_id, std::to_string(x.fence), x.remote}),
      [](const answer&) {
        // Without it a new owner renders anew.
      });
}

void shell::note(const msg::note_attempt& x) const {
  auto& job = x.subject;
  heard_of(job.id, job.fence);
  if (auto* known = held_of(job.id, job.fence)) {
    known->subject = job;
    keep(*known);
  }
  run(make_command(note_attempt_script(), {keys::record(job.id)},
                   {cfg().worker_id, std::to_string(job.fence),
                    std::to_string(job.attempt), join_history(job.history)}),
      [](const answer&) {
        // Not worth a second try: see the interface.
      });
}

promise<msg::job_settled> shell::settle(const msg::settle_job& x) const {
  auto to = self->make_response_promise<msg::job_settled>();
  auto& id = x.subject.id;
  heard_of(id, x.subject.fence);
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
  ended.owner = cfg().worker_id;
  ended.session = st().session;
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
      return sh.settle_command(x, sh.cfg().outbox_lease, number);
    },
    [sh = *this, x, id, fence, may_be_lost, to](const answer& got,
                                                write_number number) mutable {
      auto said = answer{got}.and_then(decode_settle);
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

command shell::settle_command(const held_job& x, milliseconds lease,
                              write_number number) const {
  auto& subject = x.subject;
  auto& outcome = *x.outcome;
  auto& id = subject.id;
  auto& prefix = cfg().prefix;
  auto entry = webhook_of(x);
  auto mac = entry.url.empty() ? std::string{}
                               : webhook_mac(cfg().outbox_key, entry);
  auto is_text = outcome.success() && outcome.result_url.empty();
  auto ours = x.session == st().session;
  return make_command(settle_script(),
                      {keys::record(id), keys::lock(id),
                       keys::running(prefix, x.owner), keys::outbox(prefix),
                       keys::outbox_entry(prefix, id), leases_key(),
                       mark_key(x.session)},
                      {x.owner,
                       id,
                       now_s(),
                       outcome.success() ? "success" : "failed",
                       valid_utf8(outcome.error.message),
                       outcome.text,
                       outcome.result_url,
                       is_text ? "1" : "0",
                       is_recordless(subject) && !outcome.success() ? "1" : "0",
                       std::to_string(cfg().made_record_ttl.count()),
                       entry.url,
                       entry.body,
                       std::to_string(now_ms()),
                       std::to_string(lease.count()),
                       std::to_string(subject.fence),
                       std::to_string(st().confirmed),
                       std::to_string(ours ? number : 0),
                       is_cut_short(outcome) ? "1" : "0",
                       mac,
                       notice_of(subject)});
}

void shell::settled(const std::string& id, uint64_t fence,
                    const std::string& session, write_number number) const {
  confirm(session, number);
  if (auto* x = held_of(id, fence)) {
    x->settled = number;
    keep(*x);
  }
}

// Unless it was claimed again meanwhile.
void shell::forget(const std::string& id, uint64_t fence) const {
  if (auto at = st().claimed.find(id);
      at != st().claimed.end() && at->second.fence <= fence)
    st().claimed.erase(at);
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
  heard_of(id, x.fence);
  write(
    write_name("release", id, x.fence),
    [sh = *this, id, fence = std::to_string(x.fence)](write_number) {
      return make_command(release_script(),
                          {std::string{keys::queue}, keys::record(id),
                           keys::lock(id), sh.running_key(), sh.leases_key()},
                          {sh.cfg().worker_id, id, fence});
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
