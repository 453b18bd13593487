#include "actors/io/redis/queue.hpp"

#include "actors/io/redis/scripts/claim.hpp"
#include "actors/io/redis/scripts/claim_one.hpp"
#include "actors/io/redis/scripts/head.hpp"
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/peek.hpp"
#include "actors/io/redis/scripts/reading.hpp"
#include "actors/io/redis/scripts/reconcile.hpp"
#include "messages/moment.hpp"
#include "messages/text/printable.hpp"

#include <utility>

namespace render::job_store {

void queue::on_up() {
  hold_.on_up(redis_.now(), redis_.cfg.claims.hold_min,
              redis_.cfg.redis.backoff_max);
}

// Whoever asked waits for an answer that must not come too late: it would be
// lost, and the jobs with it.
void queue::on_down(const std::string& why) {
  hold_.on_down(redis_.now());
  for (auto& x : std::exchange(held_, {}))
    x.then(fail(failure_kind::unavailable, why));
}

// -- waiting ------------------------------------------------------------------

void queue::await(const msg::await_work& x, answer_to<msg::queue_head> then) {
  askers_.push_back(std::move(then));
  if (!waiting_) {
    waits_until_s_ = steady_seconds(redis_.now())
                     + std::chrono::duration<double>(x.patience).count();
    look_at_head();
  }
}

double queue::seconds_left() const {
  return std::max(0.0, waits_until_s_ - steady_seconds(redis_.now()));
}

// Whoever may push to the queue may push anything: of what is there already,
// no more than an id may have comes along.
void queue::look_at_head() {
  waiting_ = true;
  auto x = make_command(call_of(head_args{}));
  x.timeout = redis_.cfg.command_timeout;
  redis_.submit(channel::waiting, std::move(x), [this](const answer& got) {
    auto empty = got && got->type == reply::kind::nil;
    if (empty && has_blmove_ && seconds_left() > 0)
      return block();
    on_head(got);
  });
}

// Brings whatever is pushed meanwhile along, so the link has a limit.
void queue::block() {
  auto left_s = seconds_left();
  command x;
  std::string key{keys::queue};
  // 0 would wait for ever.
  x.args = {"BLMOVE", key,    key,
            "LEFT",   "LEFT", number_text(std::max(left_s, 0.001))};
  x.timeout = redis_.cfg.command_timeout
              + milliseconds{static_cast<int64_t>(left_s * 1000)};
  redis_.submit(channel::waiting, std::move(x), [this](const answer& got) {
    on_head(got);
  });
}

void queue::on_head(const answer& got) {
  if (!got)
    return answer_askers(fail(got.error()));
  if (got->type == reply::kind::error) {
    if (!has_blmove_ || !got->text.starts_with("ERR unknown command"))
      return answer_askers(fail(failure_of(got->text)));
    redis_.log->info("Redis has no BLMOVE: the queue is looked at every {} ms",
                     redis_.cfg.poll_interval.count());
    has_blmove_ = false;
    return look_at_head();
  }
  auto present = got->type == reply::kind::text;
  auto late = seconds_left() == 0;
  if (!present && !has_blmove_ && !late)
    return redis_.arm(poll_queue, redis_.cfg.poll_interval);
  answer_askers(msg::queue_head{present});
}

void queue::answer_askers(const result<msg::queue_head>& x) {
  waiting_ = false;
  for (auto& then : std::exchange(askers_, {}))
    then(x);
}

// -- looking ------------------------------------------------------------------

void queue::peek(const msg::peek_queue& x,
                 answer_to<msg::queue_snapshot> then) {
  redis_.run(
    call_of(peek_args{redis_.cfg.worker, redis_.now_s(), x.limit,
                      redis_.cfg.counting, redis_.cfg.peek_data_max, x.known}),
    [this, then = std::move(then)](answer got) {
      auto said = std::move(got).and_then(read_peek);
      if (!said)
        return then(fail(said.error()));
      said->seen.place = redis_.place;
      auto counted = std::move(said->counted);
      count_rest(std::move(counted), [then, seen = std::move(said->seen)](
                                       const queue_count& all) mutable {
        seen.waiting_by_type = by_type(all);
        then(std::move(seen));
      });
    });
}

void queue::count_rest(queue_count so_far,
                       std::function<void(queue_count all)> then) {
  if (so_far.complete)
    return then(std::move(so_far));
  auto call = call_of(
    count_args{redis_.cfg.worker, redis_.now_s(), redis_.cfg.counting, so_far});
  redis_.run(std::move(call), [this, so_far = std::move(so_far),
                               then = std::move(then)](answer got) mutable {
    auto said = std::move(got).and_then(read_count);
    if (!said)
      return then(std::move(so_far));
    count_rest(std::move(*said), std::move(then));
  });
}

// -- claiming -----------------------------------------------------------------

claimer queue::claimer_of(write_number number) const {
  return {redis_.cfg.worker,
          redis_.mark(number),
          redis_.now_s(),
          redis_.cfg.claims.made_record,
          redis_.cfg.counting.ids_max,
          redis_.cfg.ended};
}

void queue::claim(const msg::claim_jobs& x, answer_to<msg::claimed_jobs> then) {
  claim_with(
    [this, x](write_number number) {
      auto last = walk_.begin(x.quotas, redis_.now(),
                              redis_.cfg.claims.walk_whole_every);
      return call_of(claim_args{claimer_of(number), redis_.cfg.claims.unfit_max,
                                std::move(last), x.quotas});
    },
    std::move(then));
}

void queue::claim_unfit(const msg::claim_unfit& x,
                        answer_to<msg::claimed_jobs> then) {
  claim_with(
    [this, x](write_number number) {
      return call_of(claim_one_args{claimer_of(number), x.job_id});
    },
    std::move(then));
}

void queue::claim_with(call_maker make, answer_to<msg::claimed_jobs> then) {
  if (hold_.is_down())
    return then(
      fail(failure_kind::unavailable, "Redis is away: nothing is claimed"));
  auto left = hold_.left(redis_.now());
  if (left.count() == 0)
    return send_claim(make, std::move(then));
  held_.push_back({std::move(make), std::move(then)});
  redis_.arm(claim_held_back, left);
}

void queue::claim_held() {
  for (auto& x : std::exchange(held_, {}))
    send_claim(x.make, std::move(x.then));
}

void queue::send_claim(const call_maker& make,
                       answer_to<msg::claimed_jobs> then) {
  reconcile();
  auto number = redis_.next_number();
  ++claims_under_way_;
  redis_.run(make(number), [this, number, then = std::move(then)](answer got) {
    then(on_claimed(std::move(got), number));
  });
}

result<msg::claimed_jobs> queue::on_claimed(answer got, write_number number) {
  --claims_under_way_;
  auto said = std::move(got).and_then(read_claim);
  if (!said) {
    walk_.forget();
    // It may have claimed jobs that nobody was told of.
    if (said.error().kind != failure_kind::unavailable)
      reconciles_due_ = 2;
    return fail(std::move(said.error()));
  }
  if (said->walk)
    walk_.end(std::move(*said->walk));
  log(*said);
  if (!said->jobs.empty() || !said->unfit.empty())
    redis_.confirm(number);
  msg::claimed_jobs out;
  out.more_waiting = said->queue_length > 0;
  for (auto& x : said->unfit) {
    jobs_.take(x.subject, number);
    out.unfit.push_back({std::move(x.subject), std::move(x.reason)});
  }
  for (auto& x : said->jobs)
    jobs_.take(x, number);
  out.jobs = std::move(said->jobs);
  return out;
}

void queue::log(const claim_answer& said) const {
  for (auto& id : said.dropped)
    redis_.log->warn("job {}: dropped from the queue, its key is not a hash",
                     id);
  for (auto& [id, text] : said.remarks)
    redis_.log->warn("job {}: {}", printable(id, 80), text);
  if (said.removed > 0)
    redis_.log->warn("{} more ids without a record removed from the queue",
                     said.removed);
}

// -- jobs that nobody was told of ---------------------------------------------

void queue::expect_lost_jobs(uint32_t looks) {
  reconciles_due_ = std::max(looks, reconciles_due_);
}

// After a lost answer twice: a command that was stuck in a socket may run after
// the first time. Never while a claim is under way, whose jobs we would not
// know yet.
void queue::reconcile() {
  if (reconciles_due_ == 0 || claims_under_way_ > 0)
    return;
  if (--reconciles_due_ > 0)
    redis_.arm(reconcile_again, redis_.cfg.claims.reconcile_delay);
  reconcile_args what{redis_.cfg.worker, {}};
  for (auto& [id, claim] : jobs_.claimed().all())
    what.known.push_back(id);
  // Else it could run after the claim that follows, and put its jobs back.
  redis_.run(make_ordered_command(call_of(what)), [this](answer got) {
    if (!got)
      expect_lost_jobs(2);
    if (auto ids = std::move(got).and_then(read_ids))
      for (auto& id : *ids)
        redis_.log->warn("job {}: put back, the answer to its claim was lost",
                         id);
  });
}

} // namespace render::job_store
