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

  /// True: it is the latest list now.
  bool answer(uint64_t number, bool good, double after_s = 0) {
    return x.on_answer(number, good, t0 + after_s).is_latest;
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
  BOOST_TEST(answer(ask(0), true));
  BOOST_TEST((how(4.9) == takes));
  // By its question, not by its answer: that is as old as what it shows may be.
  BOOST_TEST((how(5) == asks));
}

// Whatever was launched before the question has to be in it.
BOOST_AUTO_TEST_CASE(answers_nobody_who_wants_a_new_one) {
  answer(ask(0, 0), true);
  auto second = ask(0, 0);
  answer(second, true);
  BOOST_TEST((how(0.001, 0) == asks));
}

// The one on its way may have been made before their questions.
BOOST_AUTO_TEST_CASE(that_is_next_answers_all_who_want_a_new_one_meanwhile) {
  auto first = ask(0, 0);
  auto one = x.on_question(true, 0, t0 + 0.01);
  auto two = x.on_question(true, 0, t0 + 0.02);
  BOOST_TEST((one.how == waits));
  BOOST_TEST((two.how == waits));
  BOOST_TEST(one.number == two.number);
  BOOST_TEST(one.number != first);
  auto end = x.on_answer(first, true, t0 + 0.1);
  BOOST_REQUIRE(end.next.has_value());
  BOOST_TEST(end.next->number == one.number);
  BOOST_TEST(end.next->running_only);
  // It is on its way now, and too old for the next who wants a new one.
  auto three = x.on_question(true, 0, t0 + 0.2);
  BOOST_TEST((three.how == waits));
  BOOST_TEST(three.number != one.number);
  BOOST_TEST(answer(one.number, true, 0.3));
  BOOST_TEST((how(0.4) == takes));
}

BOOST_AUTO_TEST_CASE(that_is_next_is_asked_for_when_the_one_before_has_failed) {
  auto first = ask(0, 0);
  auto next = x.on_question(true, 0, t0 + 0.01);
  auto end = x.on_answer(first, false, t0 + 1);
  BOOST_REQUIRE(end.next.has_value());
  BOOST_TEST(end.next->number == next.number);
}

BOOST_AUTO_TEST_CASE(that_does_not_come_holds_up_no_launch) {
  ask(0, 0);
  BOOST_TEST((how(list_sharing::patience_s, 0) == asks));
}

BOOST_AUTO_TEST_CASE(of_running_ones_holds_up_no_question_for_all) {
  ask(0, 0);
  BOOST_TEST((how(0.1, 0, false) == asks));
}

BOOST_AUTO_TEST_CASE(may_be_one_that_was_asked_for_by_a_launch) {
  answer(ask(0, 0), true);
  BOOST_TEST((how(1) == takes));
}

BOOST_AUTO_TEST_CASE(that_failed_answers_only_who_waited_for_it) {
  BOOST_TEST(!answer(ask(0), false));
  BOOST_TEST((how(1) == asks));
}

BOOST_AUTO_TEST_CASE(stays_when_a_later_one_fails) {
  answer(ask(0), true);
  answer(ask(2, 0), false);
  BOOST_TEST((how(3) == takes));
}

BOOST_AUTO_TEST_CASE(is_not_replaced_by_an_earlier_one_that_comes_late) {
  auto first = ask(0);
  auto second = ask(3, 0);
  BOOST_TEST(answer(second, true));
  BOOST_TEST(!answer(first, true));
  BOOST_TEST((how(7.9) == takes));
}

// A provider that hangs holds nobody up for longer than that.
BOOST_AUTO_TEST_CASE(is_asked_for_again_when_it_does_not_come) {
  ask(0);
  BOOST_TEST((how(6) == asks));
}

BOOST_AUTO_TEST_CASE(of_running_ones_does_not_show_the_others) {
  answer(ask(0), true);
  BOOST_TEST((how(1, age_s, false) == asks));
}

BOOST_AUTO_TEST_SUITE_END()
