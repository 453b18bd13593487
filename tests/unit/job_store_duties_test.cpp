// What each duty of the JOB STORE decides, one event at a time.
#include "actors/io/redis/calls.hpp"
#include "tests/support/ledger_entry.hpp"
#include "tests/unit/duties_player.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::job_store;
using namespace std::chrono_literals;

namespace {

constexpr auto claim_csm = [](uint32_t count = 1) {
  return msg::claim_jobs{{{{"csm"}, count}}};
};

struct fixture {
  /// Time passes second by second, and Redis answers at once.
  void pass(milliseconds d, const std::function<void()>& every_10_s = {}) {
    for (auto end = world.now_ms + d.count(); world.now_ms < end;) {
      world.now_ms += 1'000;
      if (every_10_s && world.now_ms % 10'000 == 0)
        every_10_s();
      x.fire();
      x.serve();
    }
  }

  job claimed(const std::string& id) {
    world.push(id);
    auto got = x.ask(x.all.queue, &queue::claim, claim_csm());
    x.serve();
    BOOST_REQUIRE(got->what->value().jobs.size() == 1u);
    return got->what->value().jobs[0];
  }

  std::string status(const std::string& id) const {
    return world.field("job:" + id, "status");
  }

  std::shared_ptr<heard<void>> write_entry() {
    auto out = std::make_shared<heard<void>>();
    x.all.gpus.write(
      harness::running_entry(),
      [this](auto&) {
        ++checks;
      },
      into<void>(out));
    return out;
  }

  played_world world;
  played_worker x{world, "w1"};
  int checks = 0;
};

} // namespace

// -- queue --------------------------------------------------------------------

BOOST_FIXTURE_TEST_SUITE(the_queue, fixture)

BOOST_AUTO_TEST_CASE(claims_nothing_while_redis_is_away) {
  BOOST_TEST(x.port.cfg.counts->up.get());
  x.go_down(0);
  BOOST_TEST(!x.port.cfg.counts->up.get());
  auto got = x.ask(x.all.queue, &queue::claim, claim_csm());
  BOOST_REQUIRE(got->times == 1);
  BOOST_TEST((got->what->error().kind == failure_kind::unavailable));
  BOOST_TEST(x.port.sent.empty());
}

// See claim_hold: as long as the outage lasted.
BOOST_AUTO_TEST_CASE(holds_claims_back_after_an_outage) {
  world.push("a");
  x.go_down(0);
  world.now_ms += 3'000;
  x.come_up();
  auto got = x.ask(x.all.queue, &queue::claim, claim_csm());
  pass(2s);
  BOOST_TEST(got->times == 0);
  pass(1s);
  BOOST_REQUIRE(got->times == 1);
  BOOST_TEST(got->what->value().jobs.size() == 1u);
}

BOOST_AUTO_TEST_CASE(fails_held_claims_when_redis_is_away_again) {
  x.go_down(0);
  world.now_ms += 3'000;
  x.come_up();
  auto got = x.ask(x.all.queue, &queue::claim, claim_csm());
  x.go_down(0);
  BOOST_REQUIRE(got->times == 1);
  BOOST_TEST(!got->what->has_value());
}

BOOST_AUTO_TEST_CASE(puts_back_what_a_lost_answer_claimed) {
  world.push("a");
  x.serve();
  auto got = x.ask(x.all.queue, &queue::claim, claim_csm());
  x.go_down(1);
  BOOST_TEST(status("a") == "running");
  BOOST_TEST(got->times == 1);
  x.come_up();
  x.serve();
  BOOST_TEST(status("a") == "queued");
  // As if it had never been claimed.
  BOOST_TEST(world.field("job:a", "attempt") == "");
}

// Its jobs are not known yet, and would go back.
BOOST_AUTO_TEST_CASE(puts_nothing_back_while_a_claim_is_under_way) {
  x.serve();
  x.all.queue.expect_lost_jobs(1);
  world.push("a");
  auto first = x.ask(x.all.queue, &queue::claim, claim_csm());
  // The look for lost jobs, then the claim.
  BOOST_TEST(x.port.sent.size() == 2u);
  x.all.queue.expect_lost_jobs(1);
  x.all.queue.reconcile();
  BOOST_TEST(x.port.sent.size() == 2u);
  x.serve();
  BOOST_TEST(status("a") == "running");
  x.all.queue.reconcile();
  x.serve();
  BOOST_TEST(status("a") == "running");
}

BOOST_AUTO_TEST_SUITE_END()

// -- job ends -----------------------------------------------------------------

BOOST_FIXTURE_TEST_SUITE(a_job, fixture)

BOOST_AUTO_TEST_CASE(is_settled_once_however_often_it_is_asked_for) {
  auto a = claimed("a");
  auto first = x.ask(x.all.jobs, &job_ends::settle, msg::settle_job{a, {}});
  auto second = x.ask(x.all.jobs, &job_ends::settle, msg::settle_job{a, {}});
  BOOST_TEST(x.port.sent.size() == 1u);
  x.serve();
  auto third = x.ask(x.all.jobs, &job_ends::settle, msg::settle_job{a, {}});
  x.serve();
  for (auto& got : {first, second, third}) {
    BOOST_REQUIRE(got->times == 1);
    BOOST_TEST(got->what->value().written);
    BOOST_TEST(got->what->value().webhooks.size() == 1u);
  }
  BOOST_TEST(status("a") == "success");
}

BOOST_AUTO_TEST_CASE(is_settled_though_redis_goes_meanwhile) {
  auto a = claimed("a");
  auto got = x.ask(x.all.jobs, &job_ends::settle, msg::settle_job{a, {}});
  x.go_down(0);
  world.now_ms += 20'000;
  BOOST_TEST(got->times == 0);
  x.come_up();
  x.serve();
  BOOST_REQUIRE(got->times == 1);
  BOOST_TEST(got->what->value().written);
}

BOOST_AUTO_TEST_CASE(is_not_settled_with_an_outcome_that_is_none_of_its_own) {
  auto a = claimed("a");
  for (auto kind : {failure_kind::cancelled, failure_kind::not_owner,
                    failure_kind::shutting_down, failure_kind::unfit}) {
    auto outcome = failed_outcome({kind, "no"});
    BOOST_TEST(!is_ours_to_settle(outcome));
    auto got = x.ask(x.all.jobs, &job_ends::settle,
                     msg::settle_job{a, outcome});
    BOOST_REQUIRE(got->times == 1);
    BOOST_TEST(!got->what->value().written);
  }
  BOOST_TEST(x.port.sent.empty());
  BOOST_TEST(is_ours_to_settle(failed_outcome({failure_kind::rejected, "x"})));
  BOOST_TEST(is_ours_to_settle({}));
}

BOOST_AUTO_TEST_CASE(that_another_has_is_settled_as_not_written) {
  auto a = claimed("a");
  world.run({"HSET", "job:a", "locked_by", "w2", "fence", "9"});
  auto got = x.ask(x.all.jobs, &job_ends::settle, msg::settle_job{a, {}});
  x.serve();
  BOOST_REQUIRE(got->times == 1);
  BOOST_TEST(!got->what->value().written);
  BOOST_TEST(x.port.jobs().empty());
  BOOST_TEST(x.port.cfg.counts->ends_fenced.get() == 1u);
  BOOST_TEST(x.port.cfg.counts->losses.get() == 0u);
}

// Redis may have lost the claim; it has not.
BOOST_AUTO_TEST_CASE(that_is_not_ours_is_given_up_after_a_look_for_a_loss) {
  auto a = claimed("a");
  world.run({"HSET", "job:a", "status", "cancelled"});
  auto got = x.ask(x.all.jobs, &job_ends::progress,
                   msg::report_progress{"a", "render", 0.5, a.fence});
  x.answer_first(x.run_first());
  BOOST_TEST(got->times == 0);
  x.serve();
  BOOST_REQUIRE(got->times == 1);
  BOOST_TEST(!got->what->value().ours);
  BOOST_TEST(got->what->value().status == "cancelled");
  BOOST_TEST(!x.all.jobs.claimed().has("a"));
  BOOST_TEST(x.port.cfg.counts->runs_fenced.get() == 1u);
}

BOOST_AUTO_TEST_CASE(that_redis_has_lost_is_ours_after_all) {
  auto before = world.redis.save();
  auto a = claimed("a");
  world.redis.load(before);
  auto got = x.ask(x.all.jobs, &job_ends::progress,
                   msg::report_progress{"a", "render", 0.5, a.fence});
  x.serve();
  BOOST_REQUIRE(got->times == 1);
  BOOST_TEST(got->what->value().ours);
  BOOST_TEST(world.field("job:a", "locked_by") == "w1");
  BOOST_TEST(world.field("job:a", "stage") == "render");
  BOOST_TEST(x.port.cfg.counts->runs_fenced.get() == 0u);
  BOOST_TEST(x.port.cfg.counts->losses.get() == 1u);
}

BOOST_AUTO_TEST_CASE(whose_end_redis_has_lost_is_ended_again) {
  auto before = world.redis.save();
  auto a = claimed("a");
  x.ask(x.all.jobs, &job_ends::settle, msg::settle_job{a, {}});
  x.serve();
  world.redis.load(before);
  pass(11s);
  BOOST_TEST(status("a") == "success");
  BOOST_TEST(world.field("c3:outbox:a", "id") == "msg_a");
}

// Its renewal was on the way behind its end, and finds it ended.
BOOST_AUTO_TEST_CASE(whose_end_overtook_a_renewal_is_ended_again_after_a_loss) {
  auto before = world.redis.save();
  auto a = claimed("a");
  x.ask(x.all.jobs, &job_ends::settle, msg::settle_job{a, {}});
  x.all.jobs.renew();
  x.serve();
  BOOST_TEST(status("a") == "success");
  world.redis.load(before);
  pass(11s);
  BOOST_TEST(status("a") == "success");
}

BOOST_AUTO_TEST_CASE(is_released_as_if_it_had_never_been_claimed) {
  auto a = claimed("a");
  auto got = x.ask(x.all.jobs, &job_ends::release,
                   msg::release_job{a.id, a.fence});
  x.serve();
  BOOST_REQUIRE(got->times == 1);
  BOOST_TEST(got->what->has_value());
  BOOST_TEST(status("a") == "queued");
  BOOST_TEST(x.port.jobs().empty());
  BOOST_TEST(x.all.jobs.claimed().all().empty());
}

BOOST_AUTO_TEST_SUITE_END()

// -- leases -------------------------------------------------------------------

BOOST_FIXTURE_TEST_SUITE(a_lease, fixture)

BOOST_AUTO_TEST_CASE(of_a_job_lasts_while_somebody_confirms_it) {
  auto a = claimed("a");
  pass(5min, [&] {
    x.all.jobs.confirm(msg::confirm_jobs{{{a.id, a.fence}}});
  });
  BOOST_TEST(status("a") == "running");
  pass(45s);
  BOOST_TEST(status("a") == "queued");
  BOOST_TEST(world.field("job:a", "history") == "");
}

BOOST_AUTO_TEST_CASE(of_a_job_is_renewed_while_its_end_is_on_its_way) {
  auto a = claimed("a");
  x.ask(x.all.jobs, &job_ends::settle, msg::settle_job{a, {}});
  for (int i = 0; i < 60; ++i) {
    world.now_ms += 1'000;
    x.fire();
    // Redis refuses the settling alone.
    while (!x.port.sent.empty())
      if (x.port.sent.front().what.lua
          && x.port.sent.front().what.lua->name == "settle")
        x.answer_first(reply::error("OOM no"));
      else
        x.answer_first(x.run_first());
  }
  BOOST_TEST(x.all.jobs.claimed().has("a"));
  BOOST_TEST(status("a") == "running");
  pass(6s);
  BOOST_TEST(status("a") == "success");
}

BOOST_AUTO_TEST_CASE(of_the_dead_is_taken_after_the_grace_alone) {
  world.push("b");
  world.run({"HSET", "job:b", "status", "running", "locked_by", "w2", "attempt",
             "1", "fence", "1"});
  world.run({"ZADD", "c3:leases", "1", "b"});
  world.run({"DEL", "queue:jobs"});
  pass(29s);
  BOOST_TEST(status("b") == "running");
  pass(7s);
  BOOST_TEST(status("b") == "queued");
  BOOST_TEST(x.port.cfg.counts->recovered.get() == 1u);
}

BOOST_AUTO_TEST_CASE(of_the_dead_is_not_taken_while_redis_refuses) {
  world.run({"ZADD", "c3:gpus", "1", "e9"});
  pass(60s);
  x.all.leases.on_refusal();
  auto got = x.ask(x.all.leases, &leases::take_gpus, msg::take_gpus{});
  x.serve();
  BOOST_REQUIRE(got->times == 1);
  BOOST_TEST(got->what->value().entries.empty());
  BOOST_TEST(!world.run({"ZSCORE", "c3:gpus", "e9"}).text.empty());
}

BOOST_AUTO_TEST_SUITE_END()

// -- GPU ledger ---------------------------------------------------------------

BOOST_FIXTURE_TEST_SUITE(a_ledger_entry, fixture)

BOOST_AUTO_TEST_CASE(is_ours_while_somebody_confirms_it) {
  auto got = write_entry();
  x.serve();
  BOOST_TEST(got->what->has_value());
  pass(5min, [&] {
    x.all.gpus.confirm(msg::confirm_gpus{{"e1"}});
  });
  BOOST_TEST(x.all.gpus.mine().has("e1"));
  pass(45s);
  BOOST_TEST(!x.all.gpus.mine().has("e1"));
  BOOST_TEST(x.port.gpus().empty());
  pass(40s);
  auto taken = x.ask(x.all.leases, &leases::take_gpus, msg::take_gpus{});
  x.serve();
  BOOST_TEST(taken->what->value().entries.size() == 1u);
}

BOOST_AUTO_TEST_CASE(that_another_took_is_told_to_who_wrote_it) {
  write_entry();
  x.serve();
  world.run({"HSET", "c3:gpu:e1", "owner", "w2"});
  pass(11s);
  BOOST_TEST(checks == 1);
  auto got = write_entry();
  x.serve();
  BOOST_TEST((got->what->error().kind == failure_kind::not_owner));
  BOOST_TEST(!x.all.gpus.mine().has("e1"));
}

// An older write must not follow the newer one.
BOOST_AUTO_TEST_CASE(is_ended_by_the_close_that_overtakes_a_write) {
  auto written = write_entry();
  auto closed = x.ask(x.all.gpus, &gpu_ledger::close,
                      msg::close_gpu{harness::running_entry(), "idle", 0});
  BOOST_TEST(x.port.sent.size() == 1u);
  x.serve();
  BOOST_TEST(written->times == 1);
  BOOST_TEST(closed->times == 1);
  BOOST_TEST(world.field("c3:gpu:e1", "owner") == "");
  BOOST_TEST(!x.all.gpus.mine().has("e1"));
}

BOOST_AUTO_TEST_CASE(that_redis_has_lost_is_written_again) {
  write_entry();
  x.serve();
  world.redis.load({});
  pass(11s);
  BOOST_TEST(world.field("c3:gpu:e1", "owner") == "w1");
}

// It was left while its write was on the way: nobody here looks after it.
BOOST_AUTO_TEST_CASE(that_was_left_meanwhile_is_not_kept) {
  write_entry();
  x.all.gpus.leave({"e1"});
  x.serve();
  BOOST_TEST(x.port.gpus().empty());
}

BOOST_AUTO_TEST_SUITE_END()

// -- outbox -------------------------------------------------------------------

BOOST_FIXTURE_TEST_SUITE(a_webhook, fixture)

BOOST_AUTO_TEST_CASE(that_was_delivered_is_not_made_again_after_a_loss) {
  auto before = world.redis.save();
  auto a = claimed("a");
  auto settled = x.ask(x.all.jobs, &job_ends::settle, msg::settle_job{a, {}});
  x.serve();
  msg::record_delivery done{settled->what->value().webhooks.at(0),
                            msg::delivery_state::delivered, 0ms, ""};
  auto recorded = x.ask(x.all.outbox, &outbox::record, done);
  x.serve();
  BOOST_TEST(recorded->times == 1);
  world.redis.load(before);
  pass(11s);
  BOOST_TEST(status("a") == "success");
  BOOST_TEST(world.redis.find("c3:outbox") == nullptr);
}

BOOST_AUTO_TEST_CASE(that_is_tried_again_later_is_kept_as_undelivered) {
  auto a = claimed("a");
  auto settled = x.ask(x.all.jobs, &job_ends::settle, msg::settle_job{a, {}});
  x.serve();
  msg::record_delivery later{settled->what->value().webhooks.at(0),
                             msg::delivery_state::retry_later, 5s, "timeout"};
  x.ask(x.all.outbox, &outbox::record, later);
  x.serve();
  BOOST_TEST(!x.port.jobs().at("a").delivery);
  BOOST_TEST(world.field("c3:outbox:a", "error") == "timeout");
}

BOOST_AUTO_TEST_CASE(of_a_stranger_becomes_a_dead_letter) {
  world.run({"HSET", "c3:outbox:z", "id", "msg_z", "url", "http://evil/h",
             "body", "{}", "attempts", "1", "created_ms", "1", "mac", "no"});
  world.run({"ZADD", "c3:outbox", "1", "z"});
  auto got = x.ask(x.all.outbox, &outbox::take, msg::take_webhooks{});
  x.serve();
  BOOST_TEST(got->what->value().entries.empty());
  BOOST_TEST(world.redis.find("c3:webhooks:dead") != nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
