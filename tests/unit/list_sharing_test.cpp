// Which list of the workloads answers whom.
#include "actors/io/gpu_cloud/list_sharing.hpp"

#include <boost/test/unit_test.hpp>

using namespace render::gpu_cloud;

namespace {

constexpr double t0 = 1e9;
constexpr double age_s = 5;

struct fixture {
  list_sharing::way how(double after_s, double age = age_s,
                        bool running_only = true) {
    return x.on_question(running_only, age, t0 + after_s).how;
  }

  uint64_t ask(double after_s, double age = age_s) {
    auto out = x.on_question(true, age, t0 + after_s);
    BOOST_TEST((out.how == list_sharing::way::ask));
    return out.number;
  }

  list_sharing x;
};

constexpr auto asks = list_sharing::way::ask;
constexpr auto waits = list_sharing::way::wait;
constexpr auto takes = list_sharing::way::take;

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_shared_list, fixture)

BOOST_AUTO_TEST_CASE(answers_those_who_ask_while_it_is_on_its_way) {
  auto number = ask(0);
  auto got = x.on_question(true, age_s, t0 + 4.9);
  BOOST_TEST((got.how == waits));
  BOOST_TEST(got.number == number);
}

BOOST_AUTO_TEST_CASE(answers_until_it_is_too_old) {
  BOOST_TEST(x.on_answer(ask(0), true));
  BOOST_TEST((how(4.9) == takes));
  // By its question, not by its answer: that is as old as what it shows may be.
  BOOST_TEST((how(5) == asks));
}

// Whatever was launched before the question has to be in it.
BOOST_AUTO_TEST_CASE(answers_nobody_who_wants_a_new_one) {
  auto first = ask(0, 0);
  BOOST_TEST((how(0, 0) == asks));
  x.on_answer(first, true);
  BOOST_TEST((how(0, 0) == asks));
  BOOST_TEST((how(0.001, 0) == asks));
}

BOOST_AUTO_TEST_CASE(may_be_one_that_was_asked_for_by_a_launch) {
  x.on_answer(ask(0, 0), true);
  BOOST_TEST((how(1) == takes));
}

BOOST_AUTO_TEST_CASE(that_failed_answers_only_who_waited_for_it) {
  BOOST_TEST(!x.on_answer(ask(0), false));
  BOOST_TEST((how(1) == asks));
}

BOOST_AUTO_TEST_CASE(stays_when_a_later_one_fails) {
  x.on_answer(ask(0), true);
  x.on_answer(ask(2, 0), false);
  BOOST_TEST((how(3) == takes));
}

BOOST_AUTO_TEST_CASE(is_not_replaced_by_an_earlier_one_that_comes_late) {
  auto first = ask(0);
  auto second = ask(3, 0);
  BOOST_TEST(x.on_answer(second, true));
  BOOST_TEST(!x.on_answer(first, true));
  BOOST_TEST((how(7.9) == takes));
}

// A provider that hangs holds nobody up for longer than that.
BOOST_AUTO_TEST_CASE(is_asked_for_again_when_it_does_not_come) {
  ask(0);
  BOOST_TEST((how(6) == asks));
}

BOOST_AUTO_TEST_CASE(of_running_ones_does_not_show_the_others) {
  x.on_answer(ask(0), true);
  BOOST_TEST((how(1, age_s, false) == asks));
}

BOOST_AUTO_TEST_SUITE_END()
