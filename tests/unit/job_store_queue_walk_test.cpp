// Where the next claim goes on in a queue that was walked before.
#include "actors/io/redis/queue_walk.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::job_store;
using namespace std::chrono_literals;

namespace {

const msg::claim_quota media{{"csm", "portrait", "whisper"}, 2};
const msg::claim_quota vision{{"analyze"}, 1};

/// A claim that was answered: where it began.
struct walker {
  std::string claim(const std::vector<msg::claim_quota>& quotas,
                    std::string passed) {
    auto from = walk.begin(quotas, now, 5s);
    walk.end({std::move(passed), {}});
    return from.passed;
  }

  queue_walk walk;
  queue_walk::time_point now{100s};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_walk, walker)

BOOST_AUTO_TEST_CASE(goes_on_where_the_last_one_ended) {
  BOOST_TEST(claim({media}, "a") == "");
  BOOST_TEST(claim({media}, "b") == "a");
  BOOST_TEST(claim({media}, "b") == "b");
}

BOOST_AUTO_TEST_CASE(is_of_the_whole_queue_every_five_seconds) {
  claim({media}, "a");
  now += 4'999ms;
  BOOST_TEST(claim({media}, "b") == "a");
  now += 1ms;
  BOOST_TEST(claim({media}, "c") == "");
  now += 4'999ms;
  BOOST_TEST(claim({media}, "c") == "c");
}

BOOST_AUTO_TEST_CASE(is_whole_when_nothing_was_passed) {
  claim({media}, "");
  BOOST_TEST(claim({media}, "a") == "");
  BOOST_TEST(claim({media}, "a") == "a");
}

BOOST_AUTO_TEST_CASE(is_whole_for_types_that_were_not_looked_for) {
  claim({media}, "a");
  BOOST_TEST(claim({vision}, "a") == "");
  BOOST_TEST(claim({vision, media}, "a") == "");
  BOOST_TEST(claim({media}, "b") == "a");
  // Jobs of `vision` may have come meanwhile, before "b".
  BOOST_TEST(claim({vision, media}, "b") == "");
}

BOOST_AUTO_TEST_CASE(does_not_depend_on_how_many_are_wanted) {
  claim({media}, "a");
  auto more = media;
  more.count = 7;
  BOOST_TEST(claim({more}, "a") == "a");
}

// Each looks no further while the queue is as it was, up to the next whole one.
BOOST_AUTO_TEST_CASE(is_told_what_the_last_one_left) {
  auto left = [this](const std::vector<msg::claim_quota>& quotas) {
    return walk.begin(quotas, now, 5s).left;
  };
  claim({media}, "a");
  walk.end({"a", "as it was"});
  BOOST_TEST(left({media}) == "as it was");
  BOOST_TEST(left({{{"csm"}, 1}}) == "as it was");
  walk.end({"a", "as it was"});
  BOOST_TEST(left({vision}) == "");
  walk.end({"a", "as it was"});
  now += 4'999ms;
  BOOST_TEST(left({vision}) == "as it was");
  now += 1ms;
  BOOST_TEST(left({vision}) == "");
  walk.end({"a", "as it was"});
  walk.forget();
  BOOST_TEST(left({vision}) == "");
}

BOOST_AUTO_TEST_CASE(is_whole_after_one_without_an_answer) {
  claim({media}, "a");
  walk.begin({media}, now, 5s);
  walk.forget();
  BOOST_TEST(claim({media}, "a") == "");
}

BOOST_AUTO_TEST_SUITE_END()
