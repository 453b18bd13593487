// How c3ctl lists jobs, and tells what became of one.
#include "app/ctl/ended_text.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::ctl;

BOOST_AUTO_TEST_SUITE(ctl_ended_text)

BOOST_AUTO_TEST_CASE(a_span_has_a_unit_or_is_in_seconds) {
  BOOST_TEST(span_of("90").value_or(-1) == 90);
  BOOST_TEST(span_of("90s").value_or(-1) == 90);
  BOOST_TEST(span_of("1.5h").value_or(-1) == 5'400);
  BOOST_TEST(span_of("30m").value_or(-1) == 1'800);
  BOOST_TEST(span_of("7d").value_or(-1) == 604'800);
  for (auto wrong : {"", "h", "-1h", "2 h", "1w", "inf", "nan"})
    BOOST_TEST(!span_of(wrong).has_value(), wrong);
}

BOOST_AUTO_TEST_CASE(a_list_says_how_long_each_job_took) {
  listed_job x{"a",
               100,
               {{"type", "csm"},
                {"status", "failed"},
                {"created_at", "10"},
                {"started_at", "40"},
                {"finished_at", "100"},
                {"error", "two\nlines"}}};
  auto text = jobs_table({x, {"b", 90, {}}}, 160);
  BOOST_TEST(text.find("1 min ago") != std::string::npos, text);
  BOOST_TEST(text.find("30 s") != std::string::npos, text);
  BOOST_TEST(text.find("deleted") != std::string::npos, text);
  BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 3);
  BOOST_TEST(jobs_json({{"b", 90, {}}})
             == R"([{"id":"b","status":"deleted","ended_at":90.000}])");
  BOOST_TEST(jobs_json({}) == "[]");
}

BOOST_AUTO_TEST_CASE(a_timeline_says_how_long_each_step_took) {
  auto text = timeline_text({{10, "job_queued", {}}, {30, "job_claimed", {}}});
  BOOST_TEST(text.find("+20 s") != std::string::npos, text);
  BOOST_TEST(timeline_json({{1.5, "stage", {{"stage", "a\"b"}}}})
             == R"([{"at":1.500,"what":"stage","stage":"a\"b"}])");
}

BOOST_AUTO_TEST_SUITE_END()
