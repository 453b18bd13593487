// The local cloud plays each of its faults; jobs end as they should, and no GPU
// is left running.
#include "tests/support/small_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace std::chrono_literals;

namespace {

struct fixture : harness::small_world {
  fixture() : small_world({"--boot-time", "100ms"}) {
    start_worker();
  }

  std::string say(const std::string& text = "One.") {
    return submit("csm", R"({"text":")" + text + "\"}");
  }

  void check_nothing_is_left() {
    BOOST_TEST(stop_worker() == 0, logs());
    BOOST_TEST(json::integer(ledger(), "running").value_or(-1) == 0);
  }

  void check_success(const std::string& id) {
    BOOST_TEST(wait_for_end(id, 60s) == "success", job_field(id, "error")
                                                     << "\n"
                                                     << logs());
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(cloud_faults, fixture)

BOOST_AUTO_TEST_CASE(a_refused_launch_is_tried_again) {
  fault(R"({"fault":"launch_error","arg":"503","count":1})");
  check_success(say());
  BOOST_TEST(worker().output().find("attempt 1 of 5") != std::string::npos);
  check_nothing_is_left();
}

BOOST_AUTO_TEST_CASE(a_lost_launch_answer_is_looked_up_not_launched_twice) {
  fault(R"({"fault":"launch_lost_answer","count":1})");
  check_success(say());
  BOOST_TEST(json::integer(ledger(), "launches").value_or(-1) == 1);
  check_nothing_is_left();
}

BOOST_AUTO_TEST_CASE(a_page_for_an_answer_is_looked_up_before_the_next_launch) {
  fault(R"({"fault":"launch_refuse","count":1})");
  check_success(say());
  BOOST_TEST(json::integer(ledger(), "launches").value_or(-1) == 1);
  BOOST_TEST(worker().output().find("the GPU may exist") != std::string::npos);
  check_nothing_is_left();
}

BOOST_AUTO_TEST_CASE(a_launch_that_fails_after_the_fact_leaks_no_gpu) {
  fault(R"({"fault":"launch_lost_answer","arg":"500","count":1})");
  check_success(say());
  BOOST_TEST(json::integer(ledger(), "launches").value_or(-1) == 1);
  check_nothing_is_left();
}

BOOST_AUTO_TEST_CASE(a_dropped_stream_is_tried_again) {
  fault(R"({"fault":"drop_stream","count":1})");
  auto id = say();
  check_success(id);
  BOOST_TEST(job_field(id, "attempt") == "2");
  check_nothing_is_left();
}

BOOST_AUTO_TEST_CASE(a_model_error_is_final_and_has_the_models_text) {
  // The text must not be that of a full GPU, which another GPU could do better.
  fault(
    R"({"fault":"gradio_error","arg":"Generation failed: no voice","count":1})");
  auto id = say();
  BOOST_TEST(wait_for_end(id) == "failed");
  BOOST_TEST(!job_field(id, "error").empty());
  check_success(say("Next."));
  check_nothing_is_left();
}

BOOST_AUTO_TEST_CASE(a_node_that_echoes_our_key_tells_nobody) {
  fault(R"({"fault":"gradio_error","arg":"denied: localkey-0001","count":1})");
  auto id = say();
  BOOST_TEST(wait_for_end(id) == "failed");
  auto error = job_field(id, "error");
  BOOST_TEST(error.find("denied: ***") != std::string::npos, error);
  BOOST_TEST(worker().output().find("localkey-0001") == std::string::npos);
  check_nothing_is_left();
}

BOOST_AUTO_TEST_CASE(a_model_error_without_text_still_says_something) {
  fault(R"({"fault":"gradio_null_error","count":1})");
  auto id = say();
  BOOST_TEST(wait_for_end(id) == "failed");
  BOOST_TEST(job_field(id, "error").size() > 10);
  check_nothing_is_left();
}

BOOST_AUTO_TEST_CASE(a_full_queue_is_waited_for) {
  fault(R"({"fault":"gradio_queue_full","count":1})");
  check_success(say());
  check_nothing_is_left();
}

BOOST_AUTO_TEST_CASE(garbage_is_tried_again) {
  fault(R"({"fault":"garbage","count":1})");
  check_success(say());
  check_nothing_is_left();
}

BOOST_AUTO_TEST_CASE(a_refused_stop_is_repeated_until_it_is_confirmed) {
  check_success(say());
  fault(R"({"fault":"stop_refuse","count":2})");
  check_nothing_is_left();
}

BOOST_AUTO_TEST_CASE(workloads_of_others_are_left_alone) {
  auto client = cloud_client();
  httplib::Headers key{{"X-C3-API-KEY", "localkey-0001"}};
  auto expires = std::to_string(std::time(nullptr) + 3600);
  auto got = client.Post("/api/v0/launch", key,
                         R"({"type":"media:fast","expires":)" + expires + "}",
                         "application/json");
  BOOST_REQUIRE(got);
  auto theirs = json::string_or_empty(*json::parse(got->body), "workload");
  check_success(say());
  BOOST_TEST(stop_worker() == 0);
  auto list = client.Post("/api/v0/workloads", key, R"({"running":true})",
                          "application/json");
  BOOST_REQUIRE(list);
  BOOST_TEST(list->body.find(theirs) != std::string::npos, list->body);
  BOOST_TEST(json::integer(ledger(), "running").value_or(-1) == 1);
}

BOOST_AUTO_TEST_SUITE_END()
