// Changes of all jobs that match, and samples, against a real redis-server.
#include "app/records/bulk.hpp"
#include "app/records/fleet.hpp"
#include "app/records/samples.hpp"
#include "app/records/sight.hpp"
#include "app/records/spend.hpp"
#include "app/records/webhooks.hpp"
#include "app/records/wishes.hpp"
#include "tests/integration/fleet_world.hpp"

using namespace render;
using namespace render::records;

namespace {

using action = bulk_terms::action;

struct bulk_world : fleet_world {
  bulk_done done(const bulk_terms& terms) {
    auto got = bulk(db, terms);
    BOOST_REQUIRE(got);
    return std::move(*got);
  }

  std::string status(const std::string& id) {
    return job(id)["status"];
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(fleet_bulk, bulk_world)

BOOST_AUTO_TEST_CASE(all_that_wait_or_run_are_cancelled) {
  for (int i = 0; i < 450; ++i)
    put_waiting("w" + std::to_string(i));
  put_waiting("other", {"type", "whisper"});
  put_running("r", "1700000001");
  put_ended("e", "success", "csm", 1'700'000'009);
  bulk_terms terms;
  terms.filter.type = "csm";
  terms.reason = "no longer needed";
  terms.dry_run = true;
  auto got = done(terms);
  BOOST_TEST(got.matched == 451u);
  BOOST_TEST(got.done == 0u);
  BOOST_TEST(status("w0") == "queued");
  terms.dry_run = false;
  terms.limit = 10;
  got = done(terms);
  BOOST_TEST(got.matched == 451u);
  BOOST_TEST(got.done == 10u);
  BOOST_TEST(queue().size() == 441u);
  terms.limit = 10'000;
  got = done(terms);
  BOOST_TEST(got.matched == 441u);
  BOOST_TEST(got.done == 441u);
  BOOST_TEST(got.failed == 0u);
  BOOST_TEST(queue() == std::vector<std::string>{"other"});
  BOOST_TEST(status("r") == "cancelled");
  BOOST_TEST(job("r")["error"] == "no longer needed");
  BOOST_TEST(status("e") == "success");
  BOOST_TEST(status("other") == "queued");
}

BOOST_AUTO_TEST_CASE(all_that_failed_run_again) {
  for (int i = 0; i < 250; ++i)
    put_ended("f" + std::to_string(i), "failed", "csm", 1'700'000'000 + i,
              {"error", i == 7 ? "HTTP 500" : "no GPU"});
  put_ended("ok", "success", "csm", 1'700'000'000);
  put_waiting("w");
  bulk_terms terms{action::retry, {"failed"}};
  terms.filter.words = {"gpu"};
  auto got = done(terms);
  BOOST_TEST(got.matched == 249u);
  BOOST_TEST(got.done == 249u);
  BOOST_TEST(got.new_ids.size() == 249u);
  BOOST_TEST(queue().size() == 250u);
  BOOST_TEST(job(got.new_ids[0])["retry_of"] == "f249");
  // Of those that run or wait nothing runs again.
  terms.filter = {"queued"};
  BOOST_TEST(done(terms).matched == 0u);
  terms = {action::cancel, {"failed"}};
  BOOST_TEST(done(terms).matched == 0u);
}

BOOST_AUTO_TEST_CASE(only_the_given_jobs_are_changed) {
  put_waiting("a");
  put_waiting("b", {"type", "whisper"});
  put_waiting("c");
  put_ended("e", "failed", "csm", 1'700'000'000);
  bulk_terms terms;
  terms.ids = {"a", "b", "b", "e", "unknown"};
  terms.dry_run = true;
  BOOST_TEST(done(terms).matched == 2u);
  terms.filter.type = "csm";
  BOOST_TEST(done(terms).matched == 1u);
  terms.dry_run = false;
  BOOST_TEST(done(terms).done == 1u);
  BOOST_TEST(status("a") == "cancelled");
  BOOST_TEST(status("b") == "queued");
  BOOST_TEST(status("c") == "queued");
  terms = {action::retry, {}, {"e", "b"}};
  BOOST_TEST(done(terms).new_ids.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_lost_redis_ends_it) {
  put_waiting("a");
  server.kill();
  BOOST_TEST(!bulk(db, {}));
}

BOOST_AUTO_TEST_CASE(one_sample_is_taken_each_minute) {
  put_waiting("a");
  put_running("b", "1700000001", {"gpu", "g1"});
  for (auto id : {"g1", "g2"}) {
    put(std::string{"c3:gpu:"} + id,
        {"type", "t", "state", "ready", "launched_at", "1700000000",
         "paid_rate", "600000"});
    server.cmd_list({"ZADD", "c3:gpus", "9000000000000", id});
  }
  BOOST_TEST(take_sample(db).value());
  BOOST_TEST(!take_sample(db).value());
  auto got = read_samples(db, now_s() - 60);
  BOOST_REQUIRE(got);
  BOOST_REQUIRE(got->size() == 1u);
  auto& x = got->front();
  BOOST_TEST(std::abs(x.at_s - now_s()) < 30);
  BOOST_TEST(x.waiting == 1);
  BOOST_TEST(x.running == 1);
  BOOST_TEST(x.gpus == 2);
  BOOST_TEST(x.usd_per_hour.value_or(0) == 1.2);
  BOOST_TEST(x.idle_share.value_or(0) == 0.5);
  BOOST_TEST(read_samples(db, now_s() + 60)->empty());
  auto left = db.ask({"PTTL", "c3:samples:turn"})->integer;
  BOOST_TEST(left > 40'000);
  BOOST_TEST(left <= 60'000);
  // Without GPUs there is no share of them.
  server.cmd_list({"DEL", "c3:samples:turn", "c3:gpus", "c3:leases"});
  BOOST_TEST(take_sample(db).value());
  got = read_samples(db, 0);
  BOOST_REQUIRE(got->size() == 2u);
  BOOST_TEST(!got->back().idle_share.has_value());
  BOOST_TEST(!got->back().usd_per_hour.has_value());
}

BOOST_AUTO_TEST_CASE(what_was_spent_is_read_by_day) {
  auto hour = static_cast<int64_t>(now_s() / 3600);
  put("c3:spend:" + std::to_string(hour),
      {"ms:t", "3600000", "usd:t", "500000", "usd", "500000"});
  put("c3:spend:" + std::to_string(hour + 1), {"reserved", "7"});
  auto days = spent_by_day(db, 1);
  BOOST_REQUIRE(days);
  auto today = days->find(hour / 24 * 24);
  BOOST_REQUIRE(today != days->end());
  BOOST_TEST(today->second.micro == 500'000);
  BOOST_TEST(today->second.by_type["t"].ms == 3'600'000);
  auto hours = spent_by_hour(db, 1);
  BOOST_REQUIRE(hours);
  BOOST_TEST(hours->size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_wish_is_left_for_the_worker_that_it_is_about) {
  using how = wished::how;
  put("c3:worker:w1", {"incarnation", "17", "draining", "0"});
  BOOST_TEST((drain_worker(db, "w1", "ann at home")->outcome == how::told));
  auto wishes = db.hash("c3:wishes:w1").value();
  BOOST_TEST(wishes["drain"] == "17 ann at home");
  auto left = db.ask({"TTL", "c3:wishes:w1"})->integer;
  BOOST_TEST((left > 50 && left <= 60));
  BOOST_TEST((drain_worker(db, "w9", "ann")->outcome == how::missing));
  put("c3:worker:w1", {"draining", "1"});
  BOOST_TEST((drain_worker(db, "w1", "ann")->outcome == how::under_way));
  put("c3:gpu:e1", {"owner", "w1", "state", "ready"});
  auto got = drain_gpu(db, "e1", "ann");
  BOOST_TEST((got->outcome == how::told));
  BOOST_TEST(got->worker == "w1");
  BOOST_TEST(db.hash("c3:wishes:w1").value()["gpu:e1"] == "drain ann");
  BOOST_TEST((stop_gpu(db, "e1", "ann")->outcome == how::told));
  BOOST_TEST(db.hash("c3:wishes:w1").value()["gpu:e1"] == "stop ann");
  BOOST_TEST((stop_gpu(db, "e9", "ann")->outcome == how::missing));
  put("c3:gpu:e2", {"owner", "dead", "state", "ready"});
  BOOST_TEST((stop_gpu(db, "e2", "ann")->outcome == how::missing));
  put("c3:gpu:e1", {"state", "stopping"});
  BOOST_TEST((drain_gpu(db, "e1", "ann")->outcome == how::under_way));
}

BOOST_AUTO_TEST_CASE(the_fleet_is_paused_once) {
  BOOST_TEST(read_pause(db)->empty());
  BOOST_TEST(pause_fleet(db, "me", "the bill").value());
  BOOST_TEST(!pause_fleet(db, "you", "").value());
  auto pause = read_pause(db);
  BOOST_REQUIRE(pause);
  BOOST_TEST(field(*pause, "by") == "me");
  BOOST_TEST(field(*pause, "why") == "the bill");
  auto sight = read_fleet_sight(db);
  BOOST_REQUIRE(sight);
  BOOST_TEST(!sight->pause.empty());
  BOOST_TEST(resume_fleet(db, "me").value());
  BOOST_TEST(!resume_fleet(db, "me").value());
}

BOOST_AUTO_TEST_SUITE_END()
