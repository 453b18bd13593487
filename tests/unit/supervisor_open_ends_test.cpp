// What the JOB STORE was asked to write, until it answers.
#include "actors/supervisor/open_ends.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::supervisor;

namespace {

constexpr double t0 = 1'000;
constexpr double patience_s = open_ends::patience.count();

open_ends::end end_of(const char* id) {
  settle out;
  out.what.subject.id = job_id{id};
  return std::make_shared<const settle>(std::move(out));
}

std::vector<std::string> ids_of(const std::vector<open_ends::end>& xs) {
  std::vector<std::string> out;
  for (auto& x : xs)
    out.push_back(x->what.subject.id);
  return out;
}

using ids = std::vector<std::string>;

} // namespace

BOOST_AUTO_TEST_SUITE(an_open_end)

BOOST_AUTO_TEST_CASE(is_taken_once_by_its_answer) {
  open_ends x;
  auto a = end_of("a");
  auto number = x.ask(a, t0);
  BOOST_TEST(x.take(job_id{"b"}, number) == nullptr);
  BOOST_TEST(x.take(job_id{"a"}, number) == a);
  BOOST_TEST(x.take(job_id{"a"}, number) == nullptr);
  BOOST_TEST(x.take_late(t0 + 3'600).empty());
}

BOOST_AUTO_TEST_CASE(is_not_taken_by_the_answer_to_an_earlier_question) {
  open_ends x;
  auto first = x.ask(end_of("a"), t0);
  auto again = end_of("a");
  auto second = x.ask(again, t0 + 1);
  BOOST_TEST(x.take(job_id{"a"}, first) == nullptr);
  BOOST_TEST(x.take(job_id{"a"}, second) == again);
}

BOOST_AUTO_TEST_CASE(is_late_after_its_patience_and_not_before) {
  open_ends x;
  auto number = x.ask(end_of("b"), t0);
  x.ask(end_of("a"), t0);
  x.ask(end_of("c"), t0 + 10);
  BOOST_TEST(x.take_late(t0 + patience_s - 0.001).empty());
  BOOST_TEST(ids_of(x.take_late(t0 + patience_s)) == (ids{"a", "b"}),
             boost::test_tools::per_element());
  // Its answer comes too late, and is none for another question.
  BOOST_TEST(x.take(job_id{"b"}, number) == nullptr);
  BOOST_TEST(ids_of(x.take_late(t0 + 10 + patience_s)) == ids{"c"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(that_is_asked_again_waits_anew) {
  open_ends x;
  x.ask(end_of("a"), t0);
  x.ask(end_of("a"), t0 + 30);
  BOOST_TEST(x.take_late(t0 + patience_s).empty());
  BOOST_TEST(x.take_late(t0 + 30 + patience_s).size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
