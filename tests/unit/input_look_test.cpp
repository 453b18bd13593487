// Which waiting jobs' inputs are looked at, and what the looks mean.
#include "actors/input_look/choice.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::input_look;

namespace {

constexpr double t0 = 1'700'000'000;
const std::vector<std::string> media{"csm", "portrait", "whisper"};

job waiting(const std::string& id, const std::string& type = "whisper",
            const std::string& data = R"({"audio_url":"http://a.example/a"})") {
  job out;
  out.id = job_id{id};
  out.type = type;
  out.data = data;
  return out;
}

job speech(const std::string& id) {
  return waiting(id, "csm", R"({"text":"Hi."})");
}

std::vector<std::string> ids(const choice& x) {
  std::vector<std::string> out;
  for (auto& y : x.jobs)
    out.push_back(y.id);
  return out;
}

choice chosen(std::vector<job> jobs, size_t limit = 100,
              std::map<std::string, uint64_t> counted = {},
              const std::set<job_id>& open = {}) {
  msg::queue_snapshot seen;
  seen.waiting = std::move(jobs);
  seen.waiting_by_type = std::move(counted);
  return choose(seen, media, open, 4, limit, t0);
}

job_outcome ending(failure_kind kind) {
  return failed_outcome({kind, "audio_url: no"});
}

} // namespace

BOOST_AUTO_TEST_SUITE(a_look)

BOOST_AUTO_TEST_CASE(is_at_the_first_few_with_inputs) {
  std::vector<job> jobs{speech("s")};
  for (auto* id : {"a", "b", "c", "d", "e"})
    jobs.push_back(waiting(id));
  auto got = chosen(jobs);
  BOOST_TEST(ids(got) == (std::vector<std::string>{"a", "b", "c", "d"}),
             boost::test_tools::per_element());
  BOOST_TEST(got.unseen == 0u);
}

BOOST_AUTO_TEST_CASE(is_at_no_job_that_another_one_is_at) {
  auto got = chosen({waiting("a"), waiting("b")}, 100, {}, {"a"});
  BOOST_TEST(ids(got) == std::vector<std::string>{"b"},
             boost::test_tools::per_element());
  BOOST_TEST(got.unseen == 1u);
}

BOOST_AUTO_TEST_CASE(is_at_a_voice_that_is_cloned) {
  auto clone = waiting("a", "csm",
                       R"({"text":"Hi.","voice":"clone","reference_text":"Ho.",
                           "reference_audio_url":"http://a.example/a"})");
  BOOST_TEST(ids(chosen({clone})).size() == 1u);
}

BOOST_AUTO_TEST_CASE(is_not_at_what_cannot_run_or_is_of_other_types) {
  auto late = waiting("late");
  late.complete_by_s = t0 - 1;
  auto got = chosen(
    {late, waiting("../a"), waiting("bad", "whisper", "{"),
     waiting("x", "teleport"),
     waiting("y", "analyze", R"({"image_url":"http://a.example/a"})")});
  BOOST_TEST(got.jobs.empty());
  BOOST_TEST(got.unseen == 0u);
}

BOOST_AUTO_TEST_CASE(tells_nothing_of_data_that_was_left_out) {
  auto got = chosen({waiting("a"), waiting("long", "whisper", "")});
  BOOST_TEST(ids(got).size() == 1u);
  BOOST_TEST(got.unseen == 1u);
}

BOOST_AUTO_TEST_CASE(tells_nothing_of_what_stands_behind_all_that_is_shown) {
  auto other = waiting("y", "analyze", R"({"image_url":"http://a.example/a"})");
  BOOST_TEST(chosen({other}, 1, {{"whisper", 7}}).unseen == 1u);
  BOOST_TEST(chosen({other}, 1, {{"analyze", 7}}).unseen == 0u);
  // All was shown: somebody took it.
  BOOST_TEST(chosen({other}, 2, {{"whisper", 7}}).unseen == 0u);
  BOOST_TEST(chosen({waiting("a")}, 1, {{"whisper", 7}}).unseen == 0u);
}

BOOST_AUTO_TEST_CASE(speaks_against_a_job_that_would_fail_on_any_gpu) {
  for (auto kind : {failure_kind::invalid_input, failure_kind::rejected})
    BOOST_TEST(is_refused(ending(kind)));
  for (auto kind : {failure_kind::unavailable, failure_kind::outcome_unknown,
                    failure_kind::deadline_passed, failure_kind::unfit,
                    failure_kind::internal, failure_kind::aborted,
                    failure_kind::shutting_down})
    BOOST_TEST(!is_refused(ending(kind)));
  BOOST_TEST(!is_refused({}));
}

BOOST_AUTO_TEST_CASE(is_not_at_a_job_that_was_queued_anew_with_other_data) {
  auto claimed = waiting("a");
  claimed.fence = 7;
  BOOST_TEST(is_same(claimed, waiting("a")));
  BOOST_TEST(!is_same(claimed, waiting("a", "whisper", "{}")));
  BOOST_TEST(!is_same(claimed, waiting("a", "csm")));
}

BOOST_AUTO_TEST_SUITE_END()
