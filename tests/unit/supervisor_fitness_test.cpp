// When a worker is fit to claim, and how often it looks.
#include "actors/supervisor/fitness.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace std::chrono_literals;
using render::supervisor::fitness;

namespace {

fitness watched() {
  fitness::config cfg;
  cfg.watched = true;
  return fitness{cfg};
}

/// One whose first look found nothing wrong.
fitness fit_one() {
  auto x = watched();
  x.start();
  x.on_seen({{}, {}, 7});
  BOOST_REQUIRE(x.fit());
  return x;
}

const msg::surroundings_seen nothing_wrong{{}, {}, 7};
const msg::surroundings_seen full_disk{"disk", "full", 0};

} // namespace

BOOST_AUTO_TEST_SUITE(a_worker)

BOOST_AUTO_TEST_CASE(is_not_fit_before_the_first_look) {
  auto x = watched();
  BOOST_TEST(!x.fit());
  auto out = x.start();
  BOOST_REQUIRE(out.probe.has_value());
  BOOST_TEST(out.probe->thorough);
  auto seen = x.on_seen(nothing_wrong);
  BOOST_TEST(x.fit());
  // No news, so no line in the log.
  BOOST_TEST(!seen.began);
  BOOST_TEST(!seen.ended);
  BOOST_TEST(x.disk_free_bytes() == 7u);
}

BOOST_AUTO_TEST_CASE(that_is_not_watched_is_fit) {
  fitness x{fitness::config{}};
  BOOST_TEST(x.fit());
  BOOST_TEST(!x.start().probe.has_value());
  BOOST_TEST(!x.on_failure("job", "no").began);
  BOOST_TEST(x.fit());
}

BOOST_AUTO_TEST_CASE(looks_at_its_disk_while_it_is_fit) {
  auto x = fit_one();
  auto out = x.on_due();
  BOOST_REQUIRE(out.probe.has_value());
  BOOST_TEST(!out.probe->thorough);
  auto seen = x.on_seen(full_disk);
  BOOST_TEST(seen.began);
  BOOST_TEST(x.reason() == "disk");
}

BOOST_AUTO_TEST_CASE(is_unfit_from_a_failure_to_a_look_that_succeeds) {
  auto x = fit_one();
  auto out = x.on_failure("job", "no space");
  BOOST_TEST(out.began);
  BOOST_TEST(!x.fit());
  BOOST_TEST((out.due_in == 1s));
  BOOST_TEST(!x.on_failure("job", "no space").began);
  BOOST_TEST(x.on_due().probe->thorough);
  auto seen = x.on_seen(nothing_wrong);
  BOOST_TEST(seen.ended);
  BOOST_TEST(x.fit());
}

BOOST_AUTO_TEST_CASE(looks_ever_more_seldom) {
  auto x = fit_one();
  x.on_failure("job", "no space");
  for (auto expected : {2s, 4s, 8s, 16s, 30s, 30s}) {
    x.on_due();
    BOOST_TEST((x.on_seen(full_disk).due_in == expected));
  }
}

// A look that finds nothing says little of a job that keeps failing.
BOOST_AUTO_TEST_CASE(begins_anew_only_after_a_job_that_ended_well) {
  auto x = fit_one();
  x.on_failure("job", "no memory");
  x.on_due();
  x.on_seen(nothing_wrong);
  BOOST_TEST((x.on_failure("job", "no memory").due_in == 2s));
  x.on_due();
  x.on_seen(nothing_wrong);
  x.on_success();
  BOOST_TEST((x.on_failure("job", "no memory").due_in == 1s));
}

BOOST_AUTO_TEST_CASE(does_not_believe_a_look_from_before_the_failure) {
  auto x = fit_one();
  x.on_due();
  BOOST_TEST(x.on_failure("storage", "down").began);
  auto seen = x.on_seen(nothing_wrong);
  BOOST_TEST(!seen.ended);
  BOOST_TEST(!x.fit());
  BOOST_REQUIRE(seen.due_in.has_value());
}

BOOST_AUTO_TEST_SUITE_END()
