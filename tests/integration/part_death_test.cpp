// A part of a real worker process dies: the process ends by itself, logs the
// reason, and leaves its job to others.
#include "tests/support/count_of.hpp"
#include "tests/support/small_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::harness;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(a_worker_of_which_a_part_dies)

BOOST_AUTO_TEST_CASE(ends_within_seconds_with_one_line_and_exit_code_1) {
  small_world world;
  world.worker_program = DYING_WORKER;
  auto& worker = world.start_worker();
  auto job = world.submit("csm", R"({"text":"Hello."})");
  auto code = worker.wait_for_exit(20s);
  BOOST_REQUIRE_MESSAGE(code, world.logs());
  BOOST_TEST(*code == 1, world.logs());
  auto log = worker.output();
  BOOST_TEST(count_of("the MEDIA actor has ended", log) == 1u, log);
  BOOST_TEST(count_of("actor has ended", log) == 1u, log);
  BOOST_TEST(count_of("not cleanly", log) == 1u, log);
  BOOST_TEST(world.job_field(job, "status") == "queued", log);
}

BOOST_AUTO_TEST_SUITE_END()
