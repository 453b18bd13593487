// A result that the storage does not take.
#include "actors/renderer/steps.hpp"
#include "tests/scenario/renderer_attempt.hpp"

using namespace render;
using namespace render::harness;

namespace {

struct storing : attempt {
  /// Renders nothing, and stores a file.
  void begin() {
    start(
      [] {
        return store_result({"/tmp/none", "x.mp3", "audio/mpeg", {}},
                            [](std::string url) {
                              return end_with(job_outcome{{}, url});
                            });
      },
      {get("http://n/stop")});
  }

  bool ended() const {
    return log->count("ended") + log->count("keeper: ended") > 0;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_result, storing)

BOOST_AUTO_TEST_CASE(that_is_taken_ends_the_attempt) {
  begin();
  run();
  BOOST_TEST(log->count("ended") == 1u);
  BOOST_TEST(log->count("left") == 0u);
  BOOST_TEST(outcome->result_url == "http://s.example/x.mp3");
}

BOOST_AUTO_TEST_CASE(that_is_not_taken_frees_the_slot_once_and_is_tried_again) {
  storage_is_down = true;
  begin();
  run();
  BOOST_TEST(log->count("keeper: parked") == 1u);
  BOOST_TEST(log->count("left") == 1u);
  advance(100s);
  // The wait doubles from 1 s to 30 s, and up to half of it is random.
  BOOST_TEST(log->count("store x.mp3") >= 6u);
  BOOST_TEST(log->count("store x.mp3") <= 12u);
  BOOST_TEST(log->count("left") == 1u);
  BOOST_TEST(!ended());
  storage_is_down = false;
  advance(30s);
  BOOST_TEST(log->count("keeper: ended") == 1u);
  BOOST_TEST(log->count("ended") == 0u);
  BOOST_TEST(outcome->success());
}

// Another job's render may run on the GPU by now.
BOOST_AUTO_TEST_CASE(that_waits_leaves_the_gpu_alone_at_the_deadline) {
  storage_is_down = true;
  task.deadline_s = steady_now() + 60;
  begin();
  advance(60s);
  BOOST_TEST(log->count("keeper: ended") == 1u);
  BOOST_TEST(log->count("GET http://n/stop") == 0u);
  BOOST_TEST((outcome->error.kind == failure_kind::deadline_passed));
  BOOST_TEST(outcome->error.message
             == "too late; it was rendered, but the storage did not take the "
                "result");
}

BOOST_AUTO_TEST_CASE(that_waits_is_no_business_of_its_former_gpu) {
  storage_is_down = true;
  begin();
  run();
  stop({failure_kind::unavailable, "the GPU is lost"});
  advance(10s);
  BOOST_TEST(!ended());
  caf::send_as(caf::actor_cast<caf::actor>(keeper),
               caf::actor_cast<caf::actor>(renderer),
               msg::stop_render{{failure_kind::shutting_down, "stop"}});
  advance(1s);
  BOOST_TEST(log->count("keeper: ended") == 1u);
  BOOST_TEST((outcome->error.kind == failure_kind::shutting_down));
}

BOOST_AUTO_TEST_CASE(that_waits_is_given_up_when_the_job_is_cancelled) {
  storage_is_down = true;
  begin();
  advance(5s);
  store->cancel("1");
  advance(2s);
  BOOST_TEST(log->count("keeper: ended") == 1u);
  BOOST_TEST((outcome->error.kind == failure_kind::cancelled));
}

BOOST_AUTO_TEST_CASE(fails_the_attempt_when_nobody_keeps_it) {
  storage_is_down = true;
  has_keeper = false;
  begin();
  run();
  BOOST_TEST(log->count("ended") == 1u);
  BOOST_TEST((outcome->error.kind == failure_kind::unfit));
}

BOOST_AUTO_TEST_SUITE_END()
