// A job from its claim to its end.
#include "actors/io/job_store/shell.hpp"
#include "messages/job_params.hpp"
#include "messages/utf8.hpp"

#include <algorithm>

namespace render::job_store {

namespace {

constexpr std::string_view known_types = "csm,whisper,portrait,analyze";

std::string joined(const std::vector<std::string>& xs) {
  std::string out;
  for (auto& x : xs)
    out += (out.empty() ? "" : ",") + x;
  return out;
}

} // namespace

promise<msg::queue_snapshot> shell::peek(const msg::peek_queue& x) const {
  auto to = self->make_response_promise<msg::queue_snapshot>();
  run(
    make_command(peek_script(), {std::string{keys::queue}},
                 {cfg().worker_id, std::to_string(x.limit),
                  std::to_string(cfg().scan_max),
                  std::to_string(cfg().peek_data_max)}),
    [to](answer got) mutable {
      deliver(to, std::move(got).and_then(decode_peek).map([](auto&& seen) {
        return msg::queue_snapshot{std::move(seen.waiting), seen.queue_length};
      }));
    });
  return to;
}

std::vector<std::string> shell::claim_args() const {
  return {cfg().worker_id, now_s(), std::to_string(cfg().lock_ttl.count()),
          std::to_string(cfg().lease.count())};
}

promise<msg::claimed_jobs> shell::claim(const msg::claim_jobs& x) const {
  auto argv = claim_args();
  argv.insert(argv.end(),
              {std::to_string(cfg().scan_max), std::to_string(cfg().unfit_max),
               std::string{known_types}});
  for (auto& quota : x.quotas) {
    argv.push_back(std::to_string(quota.count));
    argv.push_back(joined(quota.types));
  }
  return claim_with(claim_script(), std::move(argv));
}

promise<msg::claimed_jobs> shell::claim_unfit(const msg::claim_unfit& x) const {
  auto argv = claim_args();
  argv.insert(argv.end(), {x.job_id, std::to_string(cfg().scan_max)});
  return claim_with(claim_one_script(), std::move(argv));
}

promise<msg::claimed_jobs>
shell::claim_with(const script& lua, std::vector<std::string> argv) const {
  auto to = self->make_response_promise<msg::claimed_jobs>();
  reconcile();
  ++st().claims_under_way;
  run(make_command(lua, {std::string{keys::queue}, running_key(), leases_key()},
                   std::move(argv)),
      [sh = *this, to](answer got) mutable {
        deliver(to, sh.claimed(std::move(got)));
      });
  return to;
}

result<msg::claimed_jobs> shell::claimed(answer got) const {
  --st().claims_under_way;
  auto decoded = std::move(got).and_then(decode_claim);
  if (!decoded) {
    // It may have claimed jobs that nobody was told of.
    if (decoded.error().kind != failure_kind::unavailable)
      st().reconciles_due = 2;
    return fail(std::move(decoded.error()));
  }
  for (auto& id : decoded->dropped)
    out().warn("job {}: dropped from the queue, its key is not a hash", id);
  msg::claimed_jobs answer;
  answer.more_waiting = decoded->queue_length > 0;
  for (auto& x : decoded->unfit) {
    st().claimed[x.subject.id] = x.subject.fence;
    answer.unfit.push_back({std::move(x.subject), std::move(x.reason)});
  }
  for (auto& x : decoded->jobs)
    st().claimed[x.id] = x.fence;
  answer.jobs = std::move(decoded->jobs);
  return answer;
}

// Puts back what an unknown claim took. Twice: a command that was stuck in a
// socket may run after the first time. Never while a claim is under way,
// whose jobs we would not know yet.
void shell::reconcile() const {
  if (st().reconciles_due == 0 || st().claims_under_way > 0)
    return;
  if (--st().reconciles_due > 0)
    arm(reconcile_again, cfg().reconcile_delay);
  std::vector<std::string> argv{cfg().worker_id};
  for (auto& [id, fence] : st().claimed)
    argv.push_back(id);
  run(make_command(reconcile_script(),
                   {std::string{keys::queue}, running_key(), leases_key()},
                   std::move(argv)),
      [sh = *this](answer got) {
        if (!got)
          sh.st().reconciles_due = std::max(2u, sh.st().reconciles_due);
        else
          for (auto& id : got->elements)
            sh.out().warn("job {}: put back, the answer to its claim was "
                          "lost",
                          id.text);
      });
}

void shell::note(const msg::note_remote& x) const {
  run(make_command(note_remote_script(), {keys::record(x.job_id)},
                   {cfg().worker_id, std::to_string(x.fence), x.remote}),
      [](const answer&) {
        // Without it a new owner renders anew.
      });
}

void shell::note(const msg::note_attempt& x) const {
  auto& job = x.subject;
  run(make_command(note_attempt_script(), {keys::record(job.id)},
                   {cfg().worker_id, std::to_string(job.fence),
                    std::to_string(job.attempt), join_history(job.history)}),
      [](const answer&) {
        // Not worth a second try: see the interface.
      });
}

promise<msg::job_settled> shell::settle(const msg::settle_job& x) const {
  auto to = self->make_response_promise<msg::job_settled>();
  auto id = x.subject.id;
  if (!x.outcome.success()
      && (x.outcome.error.kind == failure_kind::cancelled
          || x.outcome.error.kind == failure_kind::not_owner
          || x.outcome.error.kind == failure_kind::shutting_down)) {
    out().error("job {}: asked to settle what is not ours to end ({})", id,
                x.outcome.error.message);
    to.deliver(msg::job_settled{id, false, {}});
    return to;
  }
  write(
    write_name("settle", id, x.subject.fence),
    [sh = *this, x] {
      return sh.settle_command(x);
    },
    [sh = *this, id, fence = x.subject.fence, to](answer got) mutable {
      sh.forget(id, fence);
      deliver(to,
              std::move(got)
                .and_then([&](reply&& y) {
                  return decode_settle(std::move(y), id);
                })
                .map([&](auto&& y) {
                  return msg::job_settled{id, y.written, std::move(y.webhooks)};
                }));
    });
  return to;
}

command shell::settle_command(const msg::settle_job& x) const {
  auto& [subject, outcome] = x;
  auto& id = subject.id;
  auto url = notify_url_of(subject.data);
  auto is_text = outcome.success() && outcome.result_url.empty();
  auto now = now_ms();
  return make_command(
    settle_script(),
    {keys::record(id), keys::lock(id), running_key(),
     keys::outbox(cfg().prefix), keys::outbox_entry(cfg().prefix, id),
     leases_key()},
    {cfg().worker_id, id, now_s(), outcome.success() ? "success" : "failed",
     valid_utf8(outcome.error.message), outcome.text, outcome.result_url,
     is_text ? "1" : "0",
     is_recordless(subject) && !outcome.success() ? "1" : "0",
     std::to_string(cfg().made_record_ttl.count()), url,
     url.empty() ? std::string{} : webhook_body(subject, outcome),
     std::to_string(now), std::to_string(now + cfg().outbox_lease.count()),
     std::to_string(subject.fence)});
}

// Unless it was claimed again meanwhile.
void shell::forget(const std::string& id, uint64_t fence) const {
  if (auto at = st().claimed.find(id);
      at != st().claimed.end() && at->second <= fence)
    st().claimed.erase(at);
}

promise<caf::ok_atom> shell::release(const msg::release_job& x) const {
  auto to = self->make_response_promise<caf::ok_atom>();
  auto id = x.job_id;
  write(
    write_name("release", id, x.fence),
    [sh = *this, id, fence = std::to_string(x.fence)] {
      return make_command(release_script(),
                          {std::string{keys::queue}, keys::record(id),
                           keys::lock(id), sh.running_key(), sh.leases_key()},
                          {sh.cfg().worker_id, id, fence});
    },
    [sh = *this, id, fence = x.fence, to](answer got) mutable {
      sh.forget(id, fence);
      deliver(to, std::move(got).map([](auto&&) {
        return caf::ok_atom{};
      }));
    });
  return to;
}

promise<msg::ownership> shell::progress(const msg::report_progress& x) const {
  auto to = self->make_response_promise<msg::ownership>();
  run(make_command(progress_script(),
                   {keys::record(x.job_id), keys::lock(x.job_id), leases_key()},
                   {cfg().worker_id, std::to_string(cfg().lock_ttl.count()),
                    valid_utf8(x.stage), number_text(x.progress), now_s(),
                    std::to_string(x.fence),
                    std::to_string(cfg().lease.count()), x.job_id}),
      [to](answer got) mutable {
        deliver(to, std::move(got).and_then(decode_ownership).map([](auto&& y) {
          return msg::ownership{y.ours, std::move(y.status)};
        }));
      });
  return to;
}

} // namespace render::job_store
