// What records say of the present attempt of a job.
#define BOOST_TEST_MODULE told_attempts
#include "actors/io/redis/told_attempts.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::job_store;

BOOST_AUTO_TEST_CASE(a_stage_is_named_without_its_counts) {
  BOOST_TEST(stage_name("render 12/25") == "render");
  BOOST_TEST(stage_name("upload (3 of 4)") == "upload");
  BOOST_TEST(stage_name("again without alignment")
             == "again without alignment");
  BOOST_TEST(stage_name("12/25") == "");
  BOOST_TEST(stage_name("two\nlines") == "two");
  BOOST_TEST(stage_name(std::string(100, 'x')).size() == 40u);
}

BOOST_AUTO_TEST_CASE(each_stage_is_told_once_with_its_time) {
  told_attempts x;
  x.begin("a", 1, 100);
  auto news = [&] {
    return x.take_news("a", 1).stages;
  };
  BOOST_TEST(news() == "");
  x.on_stage("a", 1, "fetch", 100.5);
  BOOST_TEST(news() == "100.500 fetch");
  BOOST_TEST(news() == "");
  x.put_back("a", 1);
  BOOST_TEST(news() == "100.500 fetch");
  x.on_stage("a", 1, "render 1/2", 102);
  BOOST_TEST(news() == "100.500 fetch\n102.000 render");
  x.on_stage("a", 1, "render 2/2", 103);
  x.on_stage("a", 1, "", 103);
  x.on_stage("a", 2, "of another claim", 103);
  x.on_stage("b", 1, "of another job", 103);
  BOOST_TEST(news() == "");
  x.on_gpu("a", 1, "e1");
  BOOST_TEST(x.take_news("a", 1).gpu == "e1");
  x.on_gpu("a", 1, "e1");
  BOOST_TEST(x.take_news("a", 1).gpu == "");
  BOOST_TEST(x.of("a", 1).stages == "100.500 fetch\n102.000 render");
  BOOST_TEST(x.of("a", 2).stages == "");
}

BOOST_AUTO_TEST_CASE(the_stages_of_an_attempt_have_a_limit) {
  told_attempts x;
  x.begin("a", 1, 0);
  for (auto i = 0; i < 1000; ++i)
    x.on_stage("a", 1, i % 2 ? "one" : "other", i);
  BOOST_TEST(x.of("a", 1).stage_count == told_attempts::stages_max);
  BOOST_TEST(x.of("a", 1).stages.size() < 2'000u);
}

BOOST_AUTO_TEST_CASE(what_is_known_of_a_claim_ends_with_it) {
  told_attempts x;
  x.begin("a", 1, 100);
  x.on_gpu("a", 1, "e1");
  x.on_gpu("a", 1, {});
  BOOST_TEST(x.of("a", 1).gpu == "e1");
  x.begin("a", 2, 200);
  x.on_gpu("a", 1, "e9");
  BOOST_TEST(x.of("a", 2).gpu == "");
  x.forget("a", 1);
  BOOST_TEST(x.of("a", 2).began_s == 200);
  x.forget("a", 2);
  BOOST_TEST(x.of("a", 2).began_s == 0);
}

BOOST_AUTO_TEST_CASE(an_attempt_is_a_line_of_json) {
  told_attempts::attempt x;
  x.began_s = 1.5;
  x.gpu = "e1";
  BOOST_TEST(attempt_line(x, "w\"1", 2, "said \"no\"\n")
             == R"({"worker":"w\"1","gpu":"e1","began":1.500,"ended":2.000,)"
                R"("how":"said \"no\"\n"})");
  auto cut = attempt_line(x, "w", 2, std::string(299, 'a') + "\xc3\xa4");
  BOOST_TEST(cut.size() < 450u);
}
