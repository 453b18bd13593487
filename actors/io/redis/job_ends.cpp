#include "actors/io/redis/job_ends.hpp"

#include "actors/io/redis/calls.hpp"
#include "actors/io/redis/scripts/ask_owner.hpp"
#include "actors/io/redis/scripts/note_attempt.hpp"
#include "actors/io/redis/scripts/note_remote.hpp"
#include "actors/io/redis/scripts/progress.hpp"
#include "actors/io/redis/scripts/reading.hpp"
#include "actors/io/redis/scripts/release.hpp"
#include "actors/io/redis/scripts/renew.hpp"
#include "actors/io/redis/scripts/settle.hpp"

namespace render::job_store {

namespace {

msg::job_settled settled_of(const held_job& x, const settle_answer& said) {
  msg::job_settled out{x.subject.id, said.written, {}};
  if (said.webhook) {
    auto entry = webhook_of(x);
    entry.attempts = said.webhook->attempts;
    entry.created_ms = said.webhook->created_ms;
    out.webhooks.push_back(std::move(entry));
  }
  return out;
}

} // namespace

void job_ends::take(const job& x, write_number number) {
  claimed_.take(x.id, x.fence, redis_.now());
  told_.begin(x.id, x.fence, redis_.now_s());
  redis_.keep(x, number);
}

void job_ends::confirm(const std::string& id, uint64_t fence) {
  claimed_.confirm(id, fence, redis_.now());
}

void job_ends::confirm(const msg::confirm_jobs& x) {
  for (auto& claim : x.claims) {
    confirm(claim.job_id, claim.fence);
    told_.on_gpu(claim.job_id, claim.fence, claim.gpu);
  }
}

// Unless it was claimed again meanwhile.
void job_ends::forget(const std::string& id, uint64_t fence) {
  claimed_.forget(id, fence);
  progress_.forget(id, fence);
  told_.forget(id, fence);
}

void job_ends::drop(const std::string& id, uint64_t fence) {
  forget(id, fence);
  redis_.drop(id, fence);
}

// -- while it runs ------------------------------------------------------------

void job_ends::progress(const msg::report_progress& x,
                        answer_to<msg::ownership> then) {
  progress(x, loss::possible, std::move(then));
}

void job_ends::progress(const msg::report_progress& x, loss may_be,
                        answer_to<msg::ownership> then) {
  confirm(x.job_id, x.fence);
  auto sent = redis_.now();
  auto is_news = !progress_.has(x, sent, redis_.cfg.progress_kept);
  if (!is_news && x.patience.count() > 0)
    return watch_.add(x, std::move(then));
  if (is_news)
    progress_.on_write(x.job_id);
  told_.on_stage(x.job_id, x.fence, x.stage, redis_.now_s());
  auto seen = is_news ? told_.take_news(x.job_id, x.fence)
                      : told_attempts::attempt{};
  redis_.run(
    is_news ? call_of(progress_args{redis_.cfg.worker, x, redis_.now_s(),
                                    seen.gpu.text(), seen.stages})
            : call_of(ask_owner_args{redis_.cfg.worker, x.job_id, x.fence}),
    [this, x, is_news, sent, may_be, then = std::move(then)](answer got) {
      auto said = std::move(got).and_then(read_owner).map([](auto&& y) {
        return msg::ownership{y.ours, std::move(y.status)};
      });
      auto held = redis_.find(x.job_id, x.fence) != nullptr;
      if (is_news && said && said->ours && held)
        progress_.on_written(x, sent);
      else if (is_news)
        told_.put_back(x.job_id, x.fence);
      if (said && said->ours && held && x.patience.count() > 0)
        return watch_.add(x, then);
      if (!said || said->ours || !held)
        return then(std::move(said));
      if (may_be == loss::excluded) {
        on_not_ours(x.job_id, x.fence);
        return then(std::move(said));
      }
      restorer_.check_loss([this, x, said, then](bool lost) {
        if (lost)
          return progress(x, loss::excluded, then);
        on_not_ours(x.job_id, x.fence);
        then(said);
      });
    });
}

// A job that nobody works on must not come back as ours when Redis loses it
// now. `settle` gives up a job whose end we know.
void job_ends::on_not_ours(const std::string& id, uint64_t fence) {
  auto* x = redis_.find(id, fence);
  if (x && x->outcome)
    return;
  if (x)
    redis_.cfg.counts->runs_fenced.add();
  drop(id, fence);
}

void job_ends::note_remote(const msg::note_remote& x) {
  confirm(x.job_id, x.fence);
  redis_.change(x.job_id, x.fence, [&x](held_job& y) {
    y.subject.remote = x.remote;
  });
  redis_.run(
    call_of(note_remote_args{redis_.cfg.worker, x.job_id, x.fence, x.remote}),
    [](const answer&) {
      // Without it a new owner renders anew.
    });
}

void job_ends::note_attempt(const msg::note_attempt& x) {
  auto& job = x.subject;
  confirm(job.id, job.fence);
  redis_.change(job.id, job.fence, [&job](held_job& y) {
    y.subject = job;
  });
  told_.on_gpu(job.id, job.fence, x.gpu);
  auto seen = told_.of(job.id, job.fence);
  auto now_s = redis_.now_s();
  note_attempt_args what{
    redis_.cfg.worker, job, job.attempt - 1, seen.gpu.text(), {}};
  if (seen.began_s > 0 && !job.history.empty())
    what.attempt_line = attempt_line(seen, redis_.cfg.worker.id, now_s,
                                     job.history.back());
  told_.begin(job.id, job.fence, now_s);
  redis_.run(call_of(what), [](const answer&) {
    // Not worth a second try: see the interface.
  });
}

// -- its end ------------------------------------------------------------------

void job_ends::settle(const msg::settle_job& x,
                      answer_to<msg::job_settled> then) {
  auto& id = x.subject.id;
  confirm(id, x.subject.fence);
  if (!is_ours_to_settle(x.outcome)) {
    redis_.log->error("job {}: asked to settle what is not ours to end ({})",
                      id, x.outcome.error.message);
    return then(msg::job_settled{id, false, {}});
  }
  redis_.change(id, x.subject.fence, [&x](held_job& y) {
    y.subject = x.subject;
    y.outcome = x.outcome;
  });
  told_.on_gpu(id, x.subject.fence, x.gpu);
  auto ended = std::make_shared<ending>();
  ended->job.subject = x.subject;
  ended->job.owner = redis_.cfg.worker.id;
  ended->job.session = redis_.session;
  ended->job.outcome = x.outcome;
  ended->seen = told_.of(id, x.subject.fence);
  settle(ended, loss::possible, std::move(then));
}

void job_ends::settle(const std::shared_ptr<const ending>& x, loss may_be,
                      answer_to<msg::job_settled> then) {
  auto& job = x->job.subject;
  redis_.write(
    durable::claim_write("settle", job.id, job.fence),
    [this, x](write_number number) {
      return settle_call(redis_, x->job, redis_.cfg.outbox_lease, number,
                         x->seen);
    },
    [this, x, may_be, then = std::move(then)](const answer& got,
                                              write_number number) {
      auto& id = x->job.subject.id;
      auto fence = x->job.subject.fence;
      auto said = answer{got}.and_then(read_settle);
      if (said && !said->written && may_be == loss::possible
          && redis_.find(id, fence))
        return restorer_.check_loss([this, x, then](bool) {
          settle(x, loss::excluded, then);
        });
      forget(id, fence);
      if (said && !said->written)
        redis_.cfg.counts->ends_fenced.add();
      if (said && said->written)
        redis_.on_settled(id, fence, x->job.session, number);
      else
        redis_.drop(id, fence);
      then(std::move(said).map([&x](const settle_answer& y) {
        return settled_of(x->job, y);
      }));
    });
}

void job_ends::release(const msg::release_job& x, answer_to<void> then) {
  confirm(x.job_id, x.fence);
  redis_.write(
    durable::claim_write("release", x.job_id, x.fence),
    [call = call_of(release_args{redis_.cfg.worker, x.job_id, x.fence})](
      write_number) {
      return make_command(call);
    },
    [this, x, then = std::move(then)](const answer& got, write_number) {
      drop(x.job_id, x.fence);
      then(answer{got}.map([](auto&&) {}));
    });
}

// -- its lease ----------------------------------------------------------------

bool job_ends::give_up_unconfirmed() {
  auto any = false;
  for (auto& [id, x] :
       claimed_.unconfirmed(redis_.now(), redis_.cfg.worker.lease)) {
    // Its end is ours to look after.
    if (redis_.is_ending(id, x.fence))
      continue;
    redis_.log->error("job {}: claimed, and nobody works on it; it goes back "
                      "to the queue",
                      id);
    drop(id, x.fence);
    any = true;
  }
  return any;
}

bool job_ends::are_locks_due() const {
  return !locks_renewed_
         || redis_.now() - *locks_renewed_ >= redis_.cfg.worker.lock / 3;
}

// Reports renew only when they are news; and jobs that wait for a slot, an
// upload or a write make none.
void job_ends::renew() {
  if (claimed_.all().empty())
    return;
  // A lock lasts ten times as long as a lease, and a claim sets it too.
  renew_args what{redis_.cfg.worker, are_locks_due(), watch_.may_sort(), {}};
  std::map<std::string, uint64_t> asked;
  for (auto& [id, claim] : claimed_.all()) {
    what.claims.push_back({id, claim.fence});
    asked[id] = claim.fence;
  }
  redis_.run(call_of(what), [this, asked, locks = what.locks,
                             sent = redis_.now()](const answer& got) {
    if (locks && answer{got}.and_then(read_ids))
      locks_renewed_ = sent;
    on_renewed(asked, got);
  });
}

void job_ends::on_renewed(const std::map<std::string, uint64_t>& asked,
                          const answer& got) {
  if (is_refusal(got))
    redis_.arm(renew_leases, redis_.cfg.renew_after_refusal());
  auto ids = answer{got}.and_then(read_ids);
  if (!ids)
    return;
  std::map<std::string, uint64_t> gone;
  for (auto& id : *ids)
    if (auto at = asked.find(id); at != asked.end())
      gone.insert(*at);
  if (gone.empty())
    return;
  // Whoever works on one of them hears of it at the next report.
  restorer_.check_loss([this, gone](bool lost) {
    if (lost)
      return; // They are ours again, or the next renewal says so.
    for (auto& [id, fence] : gone)
      on_not_ours(id, fence);
  });
}

} // namespace render::job_store
