// Looking at the queue and taking jobs out of it.
#include "actors/io/redis/counting.hpp"
#include "actors/io/redis/shell.hpp"
#include "messages/text/printable.hpp"

#include <algorithm>
#include <utility>

namespace render::job_store {

namespace {

std::string joined(const std::vector<std::string>& xs) {
  std::string out;
  for (auto& x : xs)
    out += (out.empty() ? "" : ",") + x;
  return out;
}

} // namespace

promise<msg::queue_snapshot> shell::peek(const msg::peek_queue& x) const {
  auto to = self->make_response_promise<msg::queue_snapshot>();
  std::vector<std::string> argv{cfg().worker_id,
                                std::to_string(x.limit),
                                std::to_string(cfg().scan_max),
                                std::to_string(cfg().peek_data_max),
                                now_s(),
                                job_types_text(),
                                std::to_string(cfg().count_each_max),
                                std::to_string(cfg().count_kept.count())};
  argv.insert(argv.end(), x.known.begin(), x.known.end());
  run(
    make_command(peek_script(),
                 {std::string{keys::queue}, keys::waiting_count(cfg().prefix)},
                 std::move(argv)),
    [sh = *this, to](answer got) mutable {
      std::string counts, rest;
      if (got && got->is_array(5)) {
        counts = got->elements[3].text;
        rest = got->elements[4].text;
      }
      count_rest(sh, rest, std::move(counts),
                 [sh, to, got = std::move(got)](std::string all) mutable {
                   if (got && got->is_array(4))
                     got->elements[3].text = std::move(all);
                   auto seen = std::move(got).and_then(decode_peek);
                   if (seen)
                     seen->place = sh.st().place;
                   deliver(to, std::move(seen));
                 });
    });
  return to;
}

std::vector<std::string> shell::claim_args(write_number number) const {
  return {cfg().worker_id,
          now_s(),
          std::to_string(cfg().lock_ttl.count()),
          std::to_string(cfg().lease.count()),
          std::to_string(st().confirmed),
          std::to_string(number),
          std::to_string(cfg().made_record_ttl.count()),
          std::string{missing_record_text}};
}

promise<msg::claimed_jobs> shell::claim(const msg::claim_jobs& x) const {
  return claim_with(claim_script(), [sh = *this, x](write_number number) {
    auto& cfg = sh.cfg();
    auto last = sh.st().walk.begin(x.quotas, sh.self->clock().now(),
                                   cfg.walk_whole_every);
    auto argv = sh.claim_args(number);
    argv.insert(argv.end(), {std::to_string(cfg.scan_max),
                             std::to_string(cfg.unfit_max), job_types_text(),
                             std::move(last.passed), std::move(last.left)});
    for (auto& quota : x.quotas) {
      argv.push_back(std::to_string(quota.count));
      argv.push_back(joined(quota.types));
    }
    return argv;
  });
}

promise<msg::claimed_jobs> shell::claim_unfit(const msg::claim_unfit& x) const {
  return claim_with(claim_one_script(), [sh = *this, x](write_number number) {
    auto argv = sh.claim_args(number);
    argv.insert(argv.end(), {x.job_id, std::to_string(sh.cfg().scan_max)});
    return argv;
  });
}

promise<msg::claimed_jobs> shell::claim_with(
  const script& lua,
  std::function<std::vector<std::string>(write_number)> make) const {
  auto to = self->make_response_promise<msg::claimed_jobs>();
  if (st().claim_hold.is_down()) {
    to.deliver(to_error(
      {failure_kind::unavailable, "Redis is away: nothing is claimed"}));
    return to;
  }
  auto claim = [sh = *this, to, &lua, make = std::move(make)] {
    sh.reconcile();
    auto number = ++sh.st().last_number;
    ++sh.st().claims_under_way;
    sh.run(make_command(lua,
                        {std::string{keys::queue}, sh.running_key(),
                         sh.leases_key(), sh.mark_key(sh.st().session)},
                        make(number)),
           [sh, to, number](answer got) mutable {
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
  auto decoded = std::move(got).and_then(decode_claim);
  if (!decoded) {
    st().walk.forget();
    // It may have claimed jobs that nobody was told of.
    if (decoded.error().kind != failure_kind::unavailable)
      st().reconciles_due = 2;
    return fail(std::move(decoded.error()));
  }
  if (decoded->walk)
    st().walk.end(std::move(*decoded->walk));
  for (auto& id : decoded->dropped)
    out().warn("job {}: dropped from the queue, its key is not a hash", id);
  for (auto& [id, text] : decoded->remarks)
    out().warn("job {}: {}", printable(id, 80), text);
  if (decoded->removed > 0)
    out().warn("{} more ids without a record removed from the queue",
               decoded->removed);
  if (!decoded->jobs.empty() || !decoded->unfit.empty())
    confirm(number);
  msg::claimed_jobs answer;
  answer.more_waiting = decoded->queue_length > 0;
  for (auto& x : decoded->unfit) {
    handed_out(x.subject);
    hold(x.subject, number);
    answer.unfit.push_back({std::move(x.subject), std::move(x.reason)});
  }
  for (auto& x : decoded->jobs) {
    handed_out(x);
    hold(x, number);
  }
  answer.jobs = std::move(decoded->jobs);
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
  std::vector<std::string> argv{cfg().worker_id};
  for (auto& [id, what] : st().claimed)
    argv.push_back(id);
  // Else it could run after the claim that follows, and put its jobs back.
  auto look = make_ordered_command(
    reconcile_script(), {std::string{keys::queue}, running_key(), leases_key()},
    std::move(argv));
  run(std::move(look), [sh = *this](answer got) {
    if (!got)
      sh.st().reconciles_due = std::max(2u, sh.st().reconciles_due);
    else
      for (auto& id : got->elements)
        sh.out().warn("job {}: put back, the answer to its claim was "
                      "lost",
                      id.text);
  });
}

} // namespace render::job_store
