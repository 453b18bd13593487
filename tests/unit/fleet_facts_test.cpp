// Lists of jobs, and what became of one, without Redis.
#include "app/records/job_list.hpp"
#include "app/records/timeline.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::records;

BOOST_AUTO_TEST_SUITE(fleet_facts)

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

BOOST_AUTO_TEST_CASE(a_job_fits_its_time) {
  listed_job ended{"a", 100, {{"created_at", "10"}}};
  listed_job waits{"b", 0, {{"created_at", "10"}}};
  auto within = [](double from_s, double to_s, const listed_job& x) {
    job_filter filter;
    filter.from_s = from_s;
    filter.to_s = to_s;
    return fits(filter, x);
  };
  BOOST_TEST(within(100, 100, ended));
  BOOST_TEST(!within(101, 0, ended));
  BOOST_TEST(!within(0, 99, ended));
  BOOST_TEST(within(10, 10, waits));
  BOOST_TEST(!within(11, 0, waits));
  BOOST_TEST(!within(0, 9, waits));
}

BOOST_AUTO_TEST_CASE(a_job_fits_the_gpu_of_any_of_its_attempts) {
  job_filter filter;
  filter.gpu = "e1";
  BOOST_TEST(fits(filter, {"a", 1, {{"gpu", "e1"}}}));
  BOOST_TEST(fits(
    filter,
    {"a", 1, {{"gpu", "e2"}, {"attempt_1", R"({"gpu":"e1","worker":"w"})"}}}));
  BOOST_TEST(!fits(filter, {"a", 1, {{"gpu", "e2"}, {"attempt_1", "junk"}}}));
  BOOST_TEST(!fits(filter, {"a", 1, {}}));
}

BOOST_AUTO_TEST_CASE(all_words_must_occur_somewhere) {
  listed_job x{"0a1b",
               1,
               {{"error", "HTTP 503"},
                {"data", R"({"text":"Caf\u00e9 at NOON"})"},
                {"result", "transcribed"}}};
  auto has = [&](std::string_view text) {
    job_filter filter;
    filter.words = words_of(text);
    return fits(filter, x);
  };
  BOOST_TEST(has(""));
  BOOST_TEST(has("0A1B"));
  BOOST_TEST(has("http noon"));
  BOOST_TEST(has("café"));
  BOOST_TEST(has("scribe"));
  BOOST_TEST(!has("noon midnight"));
  // Two fields are no one text.
  BOOST_TEST(!has("503transcribed"));
  BOOST_TEST(
    (words_of("  Two\tWORDS ") == std::vector<std::string>{"two", "words"}));
}

BOOST_AUTO_TEST_CASE(a_cursor_is_read_as_it_was_written) {
  auto got = read_cursor(cursor_text({1'700'000'000'123, "a.b"}));
  BOOST_REQUIRE(got.has_value());
  BOOST_TEST(got->ms == 1'700'000'000'123);
  BOOST_TEST(got->id == "a.b");
  for (auto wrong :
       {"", "a", "12", "12.", ".a", "12:a", "99999999999999999999.a"})
    BOOST_TEST(!read_cursor(wrong).has_value(), wrong);
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
