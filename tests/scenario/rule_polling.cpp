// RENDER_POLLING_INTERVAL: how often the worker asks for a render whose service
// does not push. ComfyUI is asked for its queue and then for its history.
#include "tests/scenario/rule_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace render::harness;

namespace {

/// Milliseconds between the looks at one portrait of 30 s.
std::vector<int64_t> looks(render::environment settings) {
  rule_world s{std::move(settings)};
  s.given_a_warm_worker();
  auto job = s.when_a_job_is_pushed("portrait", 30);
  s.until([&] {
    return s.status(job) == "success";
  });
  return rule_world::gaps(s.times_of("ui-gpu1.sim/queue"));
}

} // namespace

BOOST_AUTO_TEST_SUITE(rule_polling)

// The answers to the two questions take 5 ms each.
BOOST_AUTO_TEST_CASE(a_render_is_looked_at_every_5_s_or_as_told) {
  auto by_default = looks({});
  BOOST_TEST(by_default.size() == 6u);
  for (auto gap : by_default)
    BOOST_TEST(gap == 5'010);
  auto as_told = looks({{"RENDER_POLLING_INTERVAL", "2.5"}});
  BOOST_TEST(as_told.size() >= 11u);
  for (auto gap : as_told)
    BOOST_TEST(gap == 2'510);
}

BOOST_AUTO_TEST_SUITE_END()
