// How long a worker can tell Redis again how a job has ended.
#include "tests/scenario/store_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::harness;

namespace {

struct ended_world : store_world {
  void end(const std::string& id, const std::string& data) {
    redis.run({"HSET", "job:" + id, "id", id, "type", "csm", "status", "queued",
               "created_at", "1700000000", "data", data});
    redis.run({"RPUSH", "queue:jobs", id});
    tell(1, msg::claim_jobs{{{{"csm"}, 1}}});
    BOOST_TEST_REQUIRE(status(id) == "running");
    msg::settle_job said;
    said.subject.id = id;
    said.subject.type = "csm";
    said.subject.data = data;
    said.subject.attempt = said.subject.fence = 1;
    said.outcome.text = "done";
    tell(1, said);
    BOOST_TEST_REQUIRE(status(id) == "success");
  }

  std::string status_after_loss(const std::string& id) {
    lose_all();
    return status(id);
  }
};

const std::string silent = R"({"text":"Hi."})";
const std::string notifies = R"({"text":"Hi.","notify_url":"http://n/h"})";

} // namespace

BOOST_FIXTURE_TEST_SUITE(an_ended_job, ended_world)

BOOST_AUTO_TEST_CASE(is_told_again_within_ten_minutes) {
  start(1);
  end("a", silent);
  time.run_for(9min);
  BOOST_TEST(status_after_loss("a") == "success");
}

BOOST_AUTO_TEST_CASE(is_forgotten_after_eleven_minutes) {
  start(1);
  end("a", silent);
  time.run_for(11min + 11s);
  BOOST_TEST(status_after_loss("a").empty());
}

BOOST_AUTO_TEST_CASE(is_told_again_for_a_day_while_its_webhook_is_under_way) {
  start(1);
  end("a", notifies);
  time.run_for(23h);
  BOOST_TEST(status_after_loss("a") == "success");
}

BOOST_AUTO_TEST_CASE(is_forgotten_after_a_day_whatever_its_webhook_does) {
  start(1);
  end("a", notifies);
  time.run_for(24h + 1min + 11s);
  BOOST_TEST(status_after_loss("a").empty());
}

BOOST_AUTO_TEST_CASE(is_forgotten_after_eleven_minutes_once_it_is_delivered) {
  start(1);
  end("a", notifies);
  msg::record_delivery said;
  said.entry.id = "msg_a";
  said.entry.job_id = "a";
  said.entry.attempts = 1;
  said.state = msg::delivery_state::delivered;
  tell(1, said);
  time.run_for(11min + 11s);
  BOOST_TEST(status_after_loss("a").empty());
}

BOOST_AUTO_TEST_SUITE_END()
