// Webhooks: 10 s for an answer, only 2xx counts, five tries 5 s apart.
#include "tests/scenario/rule_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace render::harness;

namespace {

/// The times of all tries at a receiver that behaves like `how`.
std::vector<int64_t> tries(const std::function<void(const exchange_ptr&)>& how,
                           int64_t& ended_ms) {
  rule_world s;
  s.world->web.serve("hook.sim", how);
  s.given_a_warm_worker();
  sim_job x;
  x.type = "csm";
  x.duration_s = 2;
  x.notify_url = "http://hook.sim/done";
  auto job = s.when_this_is_pushed(x);
  s.until([&] {
    return s.status(job) == "success";
  });
  ended_ms = s.ended_ms(job);
  s.after(100);
  return s.times_of("hook.sim");
}

} // namespace

BOOST_AUTO_TEST_SUITE(rule_webhooks)

BOOST_AUTO_TEST_CASE(goes_out_the_moment_the_job_ends_and_once) {
  int64_t ended = 0;
  auto times = tries(
    [](const exchange_ptr& x) {
      x->respond(std::chrono::milliseconds{5}, 204, "", "");
    },
    ended);
  BOOST_TEST_REQUIRE(times.size() == 1u);
  BOOST_TEST(times[0] == ended);
}

BOOST_AUTO_TEST_CASE(is_tried_five_times_5_s_apart) {
  int64_t ended = 0;
  auto times = tries(
    [](const exchange_ptr& x) {
      x->respond(virtual_duration{0}, 302, "", "");
    },
    ended);
  BOOST_TEST(rule_world::gaps(times)
               == (std::vector<int64_t>{5'000, 5'000, 5'000, 5'000}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(waits_10_s_for_an_answer) {
  int64_t ended = 0;
  auto times = tries(
    [](const exchange_ptr& x) {
      x->hang();
    },
    ended);
  BOOST_TEST(rule_world::gaps(times)
               == (std::vector<int64_t>{15'000, 15'000, 15'000, 15'000}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
