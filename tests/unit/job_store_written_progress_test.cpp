// Which progress need not be written again.
#include "actors/io/redis/written_progress.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::job_store;
using namespace std::chrono_literals;

namespace {

struct fixture {
  bool has(const msg::report_progress& y) const {
    return x.has(y, now, 10s);
  }

  const msg::report_progress half{"a", "render", 0.5, 7};
  written_progress::time_point now{1h};
  written_progress x;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(progress, fixture)

BOOST_AUTO_TEST_CASE(is_news_when_anything_of_it_is_new) {
  BOOST_TEST(!has(half));
  x.on_written(half, now);
  BOOST_TEST(has(half));
  BOOST_TEST(!has({"b", "render", 0.5, 7}));
  BOOST_TEST(!has({"a", "store", 0.5, 7}));
  BOOST_TEST(!has({"a", "render", 0.6, 7}));
  BOOST_TEST(!has({"a", "render", 0.5, 8}));
}

BOOST_AUTO_TEST_CASE(is_written_again_after_its_time) {
  x.on_written(half, now);
  now += 9'999ms;
  BOOST_TEST(has(half));
  now += 1ms;
  BOOST_TEST(!has(half));
}

BOOST_AUTO_TEST_CASE(is_not_known_while_another_write_is_under_way) {
  x.on_written(half, now);
  x.on_write("a");
  BOOST_TEST(!has(half));
}

// It renews the lease each time.
BOOST_AUTO_TEST_CASE(without_a_stage_is_always_sent) {
  x.on_written({"a", "", -1, 7}, now);
  BOOST_TEST(!has({"a", "", -1, 7}));
}

BOOST_AUTO_TEST_CASE(is_forgotten_with_its_claim_but_not_with_an_older_one) {
  x.on_written(half, now);
  x.forget("a", 6);
  BOOST_TEST(has(half));
  x.forget("a", 7);
  BOOST_TEST(!has(half));
}

BOOST_AUTO_TEST_SUITE_END()
