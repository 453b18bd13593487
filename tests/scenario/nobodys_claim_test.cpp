// Claims that the JOB STORE has handed out but nobody works on; and how the
// store recognizes a loss of Redis' data.
#include "actors/queue_watcher/queue_watcher.hpp"
#include "tests/scenario/store_world.hpp"
#include "tests/support/ledger_entry.hpp"

#include <boost/test/unit_test.hpp>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>
#include <vector>

using namespace render;
using namespace render::harness;

namespace {

struct fixture : store_world {
  fixture() {
    log = std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_st>(text));
  }

  void push(const std::string& id) {
    redis.run({"HSET", "job:" + id, "id", id, "type", "csm", "status", "queued",
               "created_at", "1700000000", "data",
               R"({"text":"Hi.","notify_url":"http://r.example/h"})"});
    redis.run({"RPUSH", "queue:jobs", id});
  }

  /// Claimed by w1, and answered.
  job claimed(const std::string& id) {
    push(id);
    auto out = std::make_shared<job>();
    time.system().spawn([out, this](caf::event_based_actor* self) {
      self->request(stores.at(1), 20s, msg::claim_jobs{{{{"csm"}, 1}}})
        .then([out](const msg::claimed_jobs& x) {
          if (!x.jobs.empty())
            *out = x.jobs[0];
        });
    });
    time.run_for(3s);
    BOOST_REQUIRE(out->id.text() == id);
    return *out;
  }

  std::string field(const std::string& id, const std::string& name) {
    return redis.run({"HGET", "job:" + id, name}).text;
  }

  bool says(const std::string& what) const {
    return text.str().find(what) != std::string::npos;
  }

  size_t gpus_taken_by(uint64_t client) {
    auto count = std::make_shared<size_t>(0);
    time.system().spawn([count, this, client](caf::event_based_actor* self) {
      self->request(stores.at(client), 60s, msg::take_gpus{})
        .then([count](const msg::gpus_taken& x) {
          *count = x.entries.size();
        });
    });
    time.run_for(1s);
    return *count;
  }

  std::ostringstream text;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(what_nobody_works_on, fixture)

// The QUEUE WATCHER has died between its claim and the hand-over, or has waited
// for its answer for too long.
BOOST_AUTO_TEST_CASE(is_a_claim_that_nobody_confirms_and_goes_back) {
  start(1);
  push("a");
  redis.latency = {0.1, 0.1};
  auto watcher = time.system().spawn([this](caf::event_based_actor* self) {
    self->request(stores.at(1), 20s, msg::claim_jobs{{{{"csm"}, 1}}})
      .then([](const msg::claimed_jobs&) {
        BOOST_ERROR("it was to die before");
      });
  });
  while (status("a") != "running")
    time.run_for(10ms);
  time.kill({caf::actor_cast<caf::actor>(watcher)});
  redis.latency = {};
  time.run_for(25s);
  BOOST_TEST(status("a") == "running");
  time.run_for(20s);
  BOOST_TEST(status("a") == "queued");
  BOOST_TEST(redis.run({"LLEN", "queue:jobs"}).integer == 1);
  // As if it had never been claimed.
  BOOST_TEST(field("a", "attempt") == "");
  BOOST_TEST(field("a", "fence") == "0");
}

// A real one, which its SUPERVISOR starts anew at once.
BOOST_AUTO_TEST_CASE(is_a_claim_whose_queue_watcher_died_before_hand_over) {
  start(1);
  std::vector<job> given;
  auto sink = time.system().spawn(
    [&given](work_sink_actor::pointer) -> work_sink_actor::behavior_type {
      return {[&given](const msg::jobs_claimed& x) {
                given.insert(given.end(), x.jobs.begin(), x.jobs.end());
              },
              [](const msg::backlog&) {
                // nop
              }};
    });
  auto watch = [&] {
    auto out = time.system().spawn(queue_watcher_behavior,
                                   queue_watcher::config{},
                                   queue_watcher_deps{stores.at(1), sink,
                                                      [this] {
                                                        return time.unix_now();
                                                      },
                                                      log});
    caf::anon_send(out, msg::capacity{{{{"csm"}, 1}}});
    time.run_for(1s);
    return caf::actor_cast<caf::actor>(out);
  };
  auto first = watch();
  redis.latency = {0.1, 0.1};
  push("a");
  while (status("a") != "running")
    time.run_for(10ms);
  time.kill({first});
  redis.latency = {};
  auto second = watch();
  time.run_for(24s);
  BOOST_TEST(given.empty());
  BOOST_TEST(status("a") == "running");
  time.run_for(20s);
  BOOST_REQUIRE(given.size() == 1u);
  BOOST_TEST(given[0].id == "a");
  BOOST_TEST(given[0].attempt == 1u);
  BOOST_TEST(status("a") == "running");
  time.kill({second, caf::actor_cast<caf::actor>(sink)});
}

BOOST_AUTO_TEST_CASE(is_no_claim_that_somebody_confirms) {
  start(1);
  auto x = claimed("a");
  confirm_for(10min, 1, {{{x.id, x.fence}}});
  BOOST_TEST(status("a") == "running");
  time.run_for(45s);
  BOOST_TEST(status("a") == "queued");
}

BOOST_AUTO_TEST_CASE(is_no_claim_that_somebody_asks_about) {
  start(1);
  auto x = claimed("a");
  for (int i = 0; i < 10; ++i) {
    tell(1, msg::report_progress{x.id, "render", 0.1, x.fence});
    time.run_for(19s);
  }
  BOOST_TEST(status("a") == "running");
}

// The SUPERVISOR dropped the new claim when the old one ended.
BOOST_AUTO_TEST_CASE(is_a_claim_while_an_older_one_is_confirmed) {
  start(1);
  auto x = claimed("a");
  BOOST_REQUIRE(x.fence == 1u);
  confirm_for(1min, 1, {{{x.id, x.fence + 1}}});
  BOOST_TEST(status("a") == "queued");
}

// Redis refuses all writes meanwhile.
BOOST_AUTO_TEST_CASE(is_no_job_whose_end_is_being_written) {
  start(1);
  auto x = claimed("a");
  redis.server().now_is.read_only = true;
  tell(1, msg::settle_job{x, job_outcome{"done", {}}});
  time.run_for(2min);
  redis.server().now_is.read_only = false;
  time.run_for(10s);
  BOOST_TEST(status("a") == "success");
  BOOST_TEST(!says("nobody works on it"), text.str());
}

BOOST_AUTO_TEST_CASE(is_a_gpu_whose_taker_got_no_answer) {
  start(1);
  tell(1, msg::write_gpu{harness::running_entry()});
  die(1);
  start(2, false);
  start(9, false);
  time.run_for(60s);
  tell(2, msg::take_gpus{});
  BOOST_REQUIRE(redis.run({"HGET", "c3:gpu:e1", "owner"}).text == "w2");
  time.run_for(45s);
  BOOST_TEST(gpus_taken_by(9) == 0u);
  time.run_for(30s);
  BOOST_TEST(gpus_taken_by(9) == 1u);
}

BOOST_AUTO_TEST_CASE(is_no_gpu_that_somebody_confirms) {
  start(1);
  start(9, false);
  time.run_for(31s);
  tell(1, msg::write_gpu{harness::running_entry()});
  confirm_for(10min, 1, {}, {{"e1"}});
  BOOST_TEST(gpus_taken_by(9) == 0u);
  // Its GPU INSTANCE has died, say.
  time.run_for(75s);
  BOOST_TEST(gpus_taken_by(9) == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(a_loss_of_data, fixture)

BOOST_AUTO_TEST_CASE(is_told_of) {
  start(1);
  claimed("a");
  lose_all();
  BOOST_TEST(says("Redis has lost writes"));
  BOOST_TEST(status("a") == "running");
}

BOOST_AUTO_TEST_CASE(is_no_settling_whose_answer_was_lost) {
  start(1);
  auto x = claimed("a");
  claimed("b"); // Something else is held all the while.
  redis.latency = {0.1, 0.1};
  caf::anon_send(stores.at(1), msg::settle_job{x, job_outcome{"done", {}}});
  // Refused once, since Redis does not know the script yet.
  time.run_for(350ms);
  BOOST_REQUIRE(status("a") == "success");
  redis.crash();
  redis.latency = {};
  redis.start();
  confirm_for(60s, 1, {{{"b", 1}}});
  BOOST_TEST(!says("Redis has lost writes"), text.str());
  // A real loss later is still noticed.
  lose_all();
  BOOST_TEST(says("Redis has lost writes"));
}

BOOST_AUTO_TEST_CASE(is_no_gpu_that_was_stopped_during_an_outage) {
  start(1);
  claimed("b");
  redis.crash();
  caf::anon_send(stores.at(1), msg::write_gpu{harness::running_entry()});
  confirm_for(20s, 1, {{{"b", 1}}});
  caf::anon_send(stores.at(1),
                 msg::close_gpu{harness::running_entry(), "idle", 0});
  confirm_for(20s, 1, {{{"b", 1}}});
  redis.start();
  confirm_for(60s, 1, {{{"b", 1}}});
  BOOST_TEST(!says("Redis has lost writes"), text.str());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(cancelling, fixture)

// As in the Python worker: another program sends the webhook of such a job.
BOOST_AUTO_TEST_CASE(stands_in_the_record_of_a_job_that_was_cut_short) {
  start(1);
  const std::map<failure_kind, std::string> written{
    {failure_kind::deadline_passed, "true"},
    {failure_kind::unavailable, "true"},
    {failure_kind::invalid_input, ""},
    {failure_kind::rejected, ""}};
  for (auto& [kind, expected] : written) {
    std::string id{to_string(kind)};
    auto x = claimed(id);
    tell(1, msg::settle_job{x, failed_outcome({kind, "no"})});
    time.run_for(1s);
    BOOST_TEST(status(id) == "failed");
    BOOST_TEST(field(id, "cancelling") == expected, id);
  }
  auto well = claimed("well");
  tell(1, msg::settle_job{well, job_outcome{"done", {}}});
  BOOST_TEST(field("well", "cancelling") == "");
}

BOOST_AUTO_TEST_CASE(is_gone_when_the_job_is_queued_and_claimed_anew) {
  start(1);
  push("a");
  redis.run({"HSET", "job:a", "cancelling", "true"});
  tell(1, msg::claim_jobs{{{{"csm"}, 1}}});
  time.run_for(2s);
  BOOST_TEST(status("a") == "running");
  BOOST_TEST(field("a", "cancelling") == "");
}

BOOST_AUTO_TEST_SUITE_END()
