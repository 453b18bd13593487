// Looking at the queue and taking jobs out of it.
#include "actors/io/redis/scripts/claim.hpp"
#include "actors/io/redis/scripts/claim_one.hpp"
#include "actors/io/redis/scripts/peek.hpp"
#include "actors/io/redis/scripts/reading.hpp"
#include "actors/io/redis/scripts/reconcile.hpp"
#include "actors/io/redis/shell.hpp"
#include "messages/text/printable.hpp"

#include <algorithm>
#include <utility>

namespace render::job_store {

promise<msg::queue_snapshot> shell::peek(const msg::peek_queue& x) const {
  auto to = self->make_response_promise<msg::queue_snapshot>();
  run(call_of(peek_args{terms(), now_s(), x.limit, counting(),
                        cfg().peek_data_max, x.known}),
      [sh = *this, to](answer got) mutable {
        auto said = std::move(got).and_then(read_peek);
        if (!said)
          return deliver(to, result<msg::queue_snapshot>{fail(said.error())});
        said->seen.place = sh.st().place;
        auto counted = std::move(said->counted);
        sh.count_rest(std::move(counted), [to, seen = std::move(said->seen)](
                                            const queue_count& all) mutable {
          seen.waiting_by_type = by_type(all);
          to.deliver(std::move(seen));
        });
      });
  return to;
}

void shell::count_rest(queue_count so_far,
                       std::function<void(queue_count all)> then) const {
  if (so_far.complete)
    return then(std::move(so_far));
  auto call = call_of(count_args{terms(), now_s(), counting(), so_far});
  run(std::move(call), [sh = *this, so_far = std::move(so_far),
                        then = std::move(then)](answer got) mutable {
    auto said = std::move(got).and_then(read_count);
    if (!said)
      return then(std::move(so_far));
    sh.count_rest(std::move(*said), std::move(then));
  });
}

claimer shell::claimer_of(write_number number) const {
  return {terms(), mark(number), now_s(), cfg().made_record_ttl,
          cfg().scan_max};
}

promise<msg::claimed_jobs> shell::claim(const msg::claim_jobs& x) const {
  return claim_with([sh = *this, x](write_number number) {
    auto last = sh.st().walk.begin(x.quotas, sh.self->clock().now(),
                                   sh.cfg().walk_whole_every);
    return call_of(claim_args{sh.claimer_of(number), sh.cfg().unfit_max,
                              std::move(last), x.quotas});
  });
}

promise<msg::claimed_jobs> shell::claim_unfit(const msg::claim_unfit& x) const {
  return claim_with([sh = *this, x](write_number number) {
    return call_of(claim_one_args{sh.claimer_of(number), x.job_id});
  });
}

promise<msg::claimed_jobs>
shell::claim_with(std::function<script_call(write_number)> make) const {
  auto to = self->make_response_promise<msg::claimed_jobs>();
  if (st().claim_hold.is_down()) {
    to.deliver(to_error(
      {failure_kind::unavailable, "Redis is away: nothing is claimed"}));
    return to;
  }
  auto claim = [sh = *this, to, make = std::move(make)] {
    sh.reconcile();
    auto number = ++sh.st().last_number;
    ++sh.st().claims_under_way;
    sh.run(make(number), [sh, to, number](answer got) mutable {
      deliver(to, sh.claimed(std::move(got), number));
    });
  };
  auto left = st().claim_hold.left(self->clock().now());
  if (left.count() == 0) {
    claim();
  } else {
    st().held_claims.push_back({to, std::move(claim)});
    arm(claim_held_back, left);
  }
  return to;
}

void shell::claim_held() const {
  for (auto& x : std::exchange(st().held_claims, {}))
    x.claim();
}

// Whoever asked waits for an answer that must not come too late: it would be
// lost, and the jobs with it.
void shell::fail_held_claims(const std::string& why) const {
  for (auto& x : std::exchange(st().held_claims, {}))
    x.to.deliver(to_error({failure_kind::unavailable, why}));
}

result<msg::claimed_jobs> shell::claimed(answer got,
                                         write_number number) const {
  --st().claims_under_way;
  auto said = std::move(got).and_then(read_claim);
  if (!said) {
    st().walk.forget();
    // It may have claimed jobs that nobody was told of.
    if (said.error().kind != failure_kind::unavailable)
      st().reconciles_due = 2;
    return fail(std::move(said.error()));
  }
  if (said->walk)
    st().walk.end(std::move(*said->walk));
  for (auto& id : said->dropped)
    out().warn("job {}: dropped from the queue, its key is not a hash", id);
  for (auto& [id, text] : said->remarks)
    out().warn("job {}: {}", printable(id, 80), text);
  if (said->removed > 0)
    out().warn("{} more ids without a record removed from the queue",
               said->removed);
  if (!said->jobs.empty() || !said->unfit.empty())
    confirm(number);
  msg::claimed_jobs answer;
  answer.more_waiting = said->queue_length > 0;
  for (auto& x : said->unfit) {
    handed_out(x.subject);
    hold(x.subject, number);
    answer.unfit.push_back({std::move(x.subject), std::move(x.reason)});
  }
  for (auto& x : said->jobs) {
    handed_out(x);
    hold(x, number);
  }
  answer.jobs = std::move(said->jobs);
  return answer;
}

void shell::handed_out(const job& subject) const {
  st().claimed[subject.id] = {subject.fence, self->clock().now(), false};
}

void shell::heard_of(const std::string& id, uint64_t fence) const {
  if (auto at = st().claimed.find(id);
      at != st().claimed.end() && at->second.fence == fence)
    at->second.heard_of = true;
}

// Whoever asked for them may be dead, or may have got no answer: nobody would
// ever end them, and no other worker may while we renew their leases.
void shell::give_back_unheard() const {
  auto since = self->clock().now() - cfg().unheard_max;
  for (auto next = st().claimed.begin(); next != st().claimed.end();) {
    auto at = next++;
    if (at->second.heard_of || at->second.since > since)
      continue;
    out().error("job {}: claimed, and nobody works on it; it goes back to the "
                "queue",
                at->first);
    auto id = at->first;
    auto fence = at->second.fence;
    forget(id, fence);
    drop(id, fence);
    st().reconciles_due = std::max(1u, st().reconciles_due);
  }
  reconcile();
}

// Puts back what an unknown claim took. Twice: a command that was stuck in a
// socket may run after the first time. Never while a claim is under way,
// whose jobs we would not know yet.
void shell::reconcile() const {
  if (st().reconciles_due == 0 || st().claims_under_way > 0)
    return;
  if (--st().reconciles_due > 0)
    arm(reconcile_again, cfg().reconcile_delay);
  reconcile_args what{terms(), {}};
  for (auto& [id, claim] : st().claimed)
    what.known.push_back(id);
  // Else it could run after the claim that follows, and put its jobs back.
  run(make_ordered_command(call_of(what)), [sh = *this](answer got) {
    if (!got)
      sh.st().reconciles_due = std::max(2u, sh.st().reconciles_due);
    if (auto ids = std::move(got).and_then(read_ids))
      for (auto& id : *ids)
        sh.out().warn("job {}: put back, the answer to its claim was "
                      "lost",
                      id);
  });
}

} // namespace render::job_store
