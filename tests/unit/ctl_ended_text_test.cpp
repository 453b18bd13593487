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

BOOST_AUTO_TEST_CASE(a_job_fits_all_that_is_asked_for) {
  listed_job x{"a",
               1,
               {{"type", "csm"},
                {"status", "failed"},
                {"worker", "w1"},
                {"locked_by", "w2"}}};
  BOOST_TEST(fits({}, x));
  BOOST_TEST(fits({"failed", "csm", "w1"}, x));
  BOOST_TEST(fits({"", "", "w2"}, x));
  BOOST_TEST(!fits({"success", "", ""}, x));
  BOOST_TEST(!fits({"", "whisper", ""}, x));
  BOOST_TEST(!fits({"", "", "w3"}, x));
  BOOST_TEST(fits({}, {"deleted", 1, {}}));
  BOOST_TEST(!fits({"", "csm", ""}, {"deleted", 1, {}}));
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

BOOST_AUTO_TEST_CASE(a_timeline_joins_the_record_and_the_events) {
  record job{{"created_at", "10"},
             {"status", "success"},
             {"started_at", "20"},
             {"finished_at", "50"},
             {"stages", "21.5 fetch\n30 render\njunk"},
             {"worker", "w1"}};
  std::vector<told_event> events{{20, "job_claimed", {{"worker", "w1"}}},
                                 {51, "webhook_delivered", {}}};
  std::string words;
  for (auto& x : timeline(job, events))
    words += x.what + " ";
  BOOST_TEST(words
             == "job_queued job_claimed stage stage job_ended "
                "webhook_delivered ");
  auto text = timeline_text(timeline(job, events));
  BOOST_TEST(text.find("+20 s") != std::string::npos, text);
  BOOST_TEST(timeline_json({{1.5, "stage", {{"stage", "a\"b"}}}})
             == R"([{"at":1.500,"what":"stage","stage":"a\"b"}])");
  BOOST_TEST(timeline({}, {}).empty());
}

BOOST_AUTO_TEST_CASE(a_gpu_is_told_of_while_the_job_waited_and_ran) {
  record job{{"created_at", "10"},
             {"finished_at", "50"},
             {"gpu", "e2"},
             {"attempt_1", R"({"worker":"w","gpu":"e1"})"},
             {"attempt_2", "junk"}};
  auto gpus = gpus_of(job);
  BOOST_TEST((gpus == std::set<std::string>{"e1", "e2"}));
  auto is = [&](double at_s, std::string gpu) {
    return belongs_to({at_s, "gpu_ready", {{"gpu", std::move(gpu)}}}, "a", job,
                      gpus);
  };
  BOOST_TEST(is(20, "e1"));
  BOOST_TEST(is(50, "e2"));
  BOOST_TEST(!is(9, "e1"));
  BOOST_TEST(!is(51, "e1"));
  BOOST_TEST(!is(20, "e3"));
  BOOST_TEST(belongs_to({99, "webhook_dead", {{"job", "a"}}}, "a", job, gpus));
  BOOST_TEST(!belongs_to({20, "job_ended", {{"job", "b"}, {"gpu", "e1"}}}, "a",
                         job, gpus));
}

BOOST_AUTO_TEST_SUITE_END()
