// How long a worker can write the end of a job again after Redis has lost it.
#include "tests/scenario/store_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::harness;

namespace {

struct ended_world : store_world {
  ended_world() {
    start(1);
  }

  void end(const std::string& data) {
    redis.run({"HSET", "job:a", "id", "a", "type", "csm", "status", "queued",
               "created_at", "1700000000", "data", data});
    redis.run({"RPUSH", "queue:jobs", "a"});
    tell(1, msg::claim_jobs{{{{"csm"}, 1}}});
    BOOST_TEST_REQUIRE(status("a") == "running");
    msg::settle_job said;
    said.subject.id = "a";
    said.subject.type = "csm";
    said.subject.data = data;
    said.subject.attempt = said.subject.fence = 1;
    said.outcome.text = "done";
    tell(1, said);
    BOOST_TEST_REQUIRE(status("a") == "success");
  }

  /// The job's status after Redis has lost all data, `wait` after the end.
  std::string told_after(virtual_duration wait) {
    time.run_for(wait);
    lose_all();
    return status("a");
  }
};

const std::string silent = R"({"text":"Hi."})";
const std::string notifies = R"({"text":"Hi.","notify_url":"http://n/h"})";

} // namespace

BOOST_FIXTURE_TEST_SUITE(an_ended_job, ended_world)

BOOST_AUTO_TEST_CASE(is_told_again_within_ten_minutes) {
  end(silent);
  BOOST_TEST(told_after(9min) == "success");
}

BOOST_AUTO_TEST_CASE(is_forgotten_after_eleven_minutes) {
  end(silent);
  BOOST_TEST(told_after(11min + 11s).empty());
}

BOOST_AUTO_TEST_CASE(is_told_again_for_a_day_while_its_webhook_is_under_way) {
  end(notifies);
  BOOST_TEST(told_after(23h) == "success");
}

BOOST_AUTO_TEST_CASE(is_forgotten_after_a_day_whatever_its_webhook_does) {
  end(notifies);
  BOOST_TEST(told_after(24h + 1min + 11s).empty());
}

BOOST_AUTO_TEST_CASE(is_forgotten_after_eleven_minutes_once_it_is_delivered) {
  end(notifies);
  msg::record_delivery said;
  said.entry.id = "msg_a";
  said.entry.job_id = "a";
  said.entry.attempts = 1;
  said.state = msg::delivery_state::delivered;
  tell(1, said);
  BOOST_TEST(told_after(11min + 11s).empty());
}

BOOST_AUTO_TEST_SUITE_END()
