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
  run(call_of(peek_args{cfg().worker, now_s(), x.limit, cfg().counting,
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
  auto call
    = call_of(count_args{cfg().worker, now_s(), cfg().counting, so_far});
  run(std::move(call), [sh = *this, so_far = std::move(so_far),
                        then = std::move(then)](answer got) mutable {
    auto said = std::move(got).and_then(read_count);
    if (!said)
      return then(std::move(so_far));
    sh.count_rest(std::move(*said), std::move(then));
  });
}

claimer shell::claimer_of(write_number number) const {
  return {cfg().worker, mark(number), now_s(), cfg().claims.made_record,
          cfg().counting.ids_max};
}

promise<msg::claimed_jobs> shell::claim(const msg::claim_jobs& x) const {
  return claim_with([sh = *this, x](write_number number) {
    auto last = sh.st().claiming.walk.begin(x.quotas, sh.self->clock().now(),
                                            sh.cfg().claims.walk_whole_every);
    return call_of(claim_args{sh.claimer_of(number), sh.cfg().claims.unfit_max,
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
  if (st().claiming.hold.is_down()) {
    to.deliver(to_error(
      {failure_kind::unavailable, "Redis is away: nothing is claimed"}));
    return to;
  }
  auto claim = [sh = *this, to, make = std::move(make)] {
    sh.reconcile();
    auto number = ++sh.st().durable.last_number;
    ++sh.st().claiming.under_way;
    sh.run(make(number), [sh, to, number](answer got) mutable {
      deliver(to, sh.claimed(std::move(got), number));
    });
  };
  auto left = st().claiming.hold.left(self->clock().now());
  if (left.count() == 0) {
    claim();
  } else {
    st().claiming.held.push_back({to, std::move(claim)});
    arm(claim_held_back, left);
  }
  return to;
}

void shell::claim_held() const {
  for (auto& x : std::exchange(st().claiming.held, {}))
    x.claim();
}

// Whoever asked waits for an answer that must not come too late: it would be
// lost, and the jobs with it.
void shell::fail_held_claims(const std::string& why) const {
  for (auto& x : std::exchange(st().claiming.held, {}))
    x.to.deliver(to_error({failure_kind::unavailable, why}));
}

result<msg::claimed_jobs> shell::claimed(answer got,
                                         write_number number) const {
  --st().claiming.under_way;
  auto said = std::move(got).and_then(read_claim);
  if (!said) {
    st().claiming.walk.forget();
    // It may have claimed jobs that nobody was told of.
    if (said.error().kind != failure_kind::unavailable)
      st().claiming.reconciles_due = 2;
    return fail(std::move(said.error()));
  }
  if (said->walk)
    st().claiming.walk.end(std::move(*said->walk));
  for (auto& id : said->dropped)
    out().warn("job {}: dropped from the queue, its key is not a hash", id);
  for (auto& [id, text] : said->remarks)
    out().warn("job {}: {}", printable(id, 80), text);
  if (said->removed > 0)
    out().warn("{} more ids without a record removed from the queue",
               said->removed);
  if (!said->jobs.empty() || !said->unfit.empty())
    redis_has(number);
  msg::claimed_jobs answer;
  answer.more_waiting = said->queue_length > 0;
  for (auto& x : said->unfit) {
    st().claimed.take(x.subject.id, x.subject.fence, self->clock().now());
    hold(x.subject, number);
    answer.unfit.push_back({std::move(x.subject), std::move(x.reason)});
  }
  for (auto& x : said->jobs) {
    st().claimed.take(x.id, x.fence, self->clock().now());
    hold(x, number);
  }
  answer.jobs = std::move(said->jobs);
  return answer;
}

void shell::confirm(const std::string& id, uint64_t fence) const {
  st().claimed.confirm(id, fence, self->clock().now());
}

void shell::confirm(const msg::confirm_jobs& x) const {
  for (auto& claim : x.claims)
    confirm(claim.job_id, claim.fence);
}

void shell::give_back_unconfirmed() const {
  for (auto& [id, x] :
       st().claimed.unconfirmed(self->clock().now(), cfg().worker.lease)) {
    // Redis is told its end: it is ours to look after.
    if (st().writes.has(write_name("settle", id, x.fence))
        || st().writes.has(write_name("release", id, x.fence)))
      continue;
    out().error("job {}: claimed, and nobody works on it; it goes back to the "
                "queue",
                id);
    forget(id, x.fence);
    drop(id, x.fence);
    st().claiming.reconciles_due = std::max(1u, st().claiming.reconciles_due);
  }
  reconcile();
}

// Puts back what an unknown claim took. Twice: a command that was stuck in a
// socket may run after the first time. Never while a claim is under way,
// whose jobs we would not know yet.
void shell::reconcile() const {
  if (st().claiming.reconciles_due == 0 || st().claiming.under_way > 0)
    return;
  if (--st().claiming.reconciles_due > 0)
    arm(reconcile_again, cfg().claims.reconcile_delay);
  reconcile_args what{cfg().worker, {}};
  for (auto& [id, claim] : st().claimed.all())
    what.known.push_back(id);
  // Else it could run after the claim that follows, and put its jobs back.
  run(make_ordered_command(call_of(what)), [sh = *this](answer got) {
    if (!got)
      sh.st().claiming.reconciles_due
        = std::max(2u, sh.st().claiming.reconciles_due);
    if (auto ids = std::move(got).and_then(read_ids))
      for (auto& id : *ids)
        sh.out().warn("job {}: put back, the answer to its claim was "
                      "lost",
                      id);
  });
}

} // namespace render::job_store
