#define BOOST_TEST_MODULE trace
#include "app/simulator/fleet.hpp"
#include "app/simulator/report.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::simulator;

BOOST_AUTO_TEST_CASE(every_shape_has_its_jobs_in_order_and_within_its_time) {
  for (auto* shape : {"steady", "bursty", "daily", "sparse", "queue"}) {
    trace_options o;
    o.shape = shape;
    o.jobs = 500;
    o.hours = 2;
    auto jobs = *make_trace(o);
    BOOST_TEST(jobs.size() == 500u);
    for (size_t i = 1; i < jobs.size(); ++i)
      BOOST_TEST_REQUIRE((jobs[i - 1].at <= jobs[i].at));
    BOOST_TEST(static_cast<double>(jobs.back().at.count()) / 1e9
               <= 2 * 3600 + 60);
    o.seed = 2;
    BOOST_TEST((*make_trace(o))[7].duration_s != jobs[7].duration_s);
  }
}

BOOST_AUTO_TEST_CASE(an_unknown_shape_is_refused_with_what_is_accepted) {
  trace_options o;
  o.shape = "square";
  auto got = make_trace(o);
  BOOST_TEST_REQUIRE(!got);
  BOOST_TEST(got.error().message.find("steady, bursty") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_recorded_queue_begins_with_its_first_job) {
  auto jobs = read_trace(R"({"type":"csm","created_at":1000.5,"duration":3}

{"type":"whisper","created_at":990,"duration":2,"complete_by":1000}
)");
  BOOST_TEST_REQUIRE(jobs.has_value());
  BOOST_TEST_REQUIRE(jobs->size() == 2u);
  BOOST_TEST((*jobs)[0].type == "whisper");
  BOOST_TEST((*jobs)[0].at.count() == 0);
  BOOST_TEST((*jobs)[0].complete_within_s == 10);
  BOOST_TEST((*jobs)[1].at.count() == 10'500'000'000);
}

BOOST_AUTO_TEST_CASE(a_bad_line_of_a_recorded_queue_is_named) {
  auto got = read_trace("{\"type\":\"csm\",\"created_at\":1,\"duration\":3}\n"
                        "{\"type\":\"dance\"}\n");
  BOOST_TEST_REQUIRE(!got);
  BOOST_TEST(got.error().message.starts_with("line 2: "));
}

BOOST_AUTO_TEST_CASE(times_that_no_run_reaches_are_refused) {
  for (std::string times :
       {R"("created_at":1e300,"duration":1)", R"("created_at":-1,"duration":1)",
        R"("created_at":1,"duration":1e300)"}) {
    auto got = read_trace("{\"type\":\"csm\",\"created_at\":0,\"duration\":1}\n"
                          "{\"type\":\"csm\","
                          + times + "}\n");
    BOOST_TEST_REQUIRE(!got);
    BOOST_TEST(got.error().message.starts_with("line 2: "), times);
  }
}

BOOST_AUTO_TEST_CASE(who_knows_the_future_keeps_a_gpu_over_short_gaps_only) {
  using harness::sim_job;
  using std::chrono::seconds;
  // Gaps of 10 s and of 1000 s, with boots of 60 s.
  std::vector<sim_job> jobs(3);
  jobs[0].at = seconds{100};
  jobs[1].at = seconds{120};
  jobs[2].at = seconds{1130};
  auto out = clairvoyant(jobs, {60, 1, 1});
  BOOST_TEST(out.launches == 2u);
  BOOST_TEST(out.busy_s == 30.0);
  BOOST_TEST(out.rented_s == 60 + 10 + 10 + 10 + 60 + 10.0);
}
