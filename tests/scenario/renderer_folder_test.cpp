// An attempt whose folder is long in coming, since the disk is slow or hangs.
#include "tests/scenario/renderer_attempt.hpp"

using namespace render;
using namespace render::harness;

namespace {

/// Makes a folder when the test says so.
struct slow_disk : folder_keeper {
  explicit slow_disk(event_log_ptr to) : log(std::move(to)) {
    // nop
  }

  void make(const std::string& name, receiver then) override {
    log->add("make " + name);
    made = std::move(then);
  }

  void remove(const std::string& name) override {
    log->add("remove " + name);
  }

  event_log_ptr log;
  receiver made;
};

struct slow_attempt : attempt {
  slow_attempt() {
    folders = disk;
  }

  void begin() {
    start([this] {
      log->add("plan");
      return wait_for(1min, [] {
        return done("in time");
      });
    });
  }

  void come() {
    disk->made(folder.path("made"));
    run();
  }

  std::shared_ptr<slow_disk> disk = std::make_shared<slow_disk>(log);
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_folder_that_is_long_in_coming, slow_attempt)

BOOST_AUTO_TEST_CASE(is_waited_for) {
  begin();
  advance(29s);
  come();
  advance(1min);
  BOOST_TEST(log->times("make 1-0") == "0");
  BOOST_TEST(log->times("plan") == "29000");
  BOOST_TEST(log->times("ended") == "89000");
  BOOST_TEST(outcome->success());
}

BOOST_AUTO_TEST_CASE(gives_the_job_back_uncounted) {
  begin();
  advance(29'999ms);
  BOOST_TEST(log->count("ended") == 0u);
  advance(1ms);
  BOOST_TEST(log->times("ended") == "30000");
  BOOST_TEST((outcome->error.kind == failure_kind::unfit));
  BOOST_TEST(log->times("remove 1-0") == "30000");
  come();
  BOOST_TEST(log->count("plan") == 0u);
}

BOOST_AUTO_TEST_CASE(holds_up_no_end) {
  begin();
  advance(1s);
  stop({failure_kind::cancelled, "the front end said so"});
  BOOST_TEST(log->times("ended") == "1000");
  BOOST_TEST(log->times("remove 1-0") == "1000");
  come();
  advance(1min);
  BOOST_TEST(log->count("plan") == 0u);
  BOOST_TEST((outcome->error.kind == failure_kind::cancelled));
}

BOOST_AUTO_TEST_SUITE_END()
