#include "app/web/submission.hpp"
#include "messages/job_params.hpp"
#include "messages/text/json.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::web;

namespace {

read_submission read(std::string_view body) {
  return read_job_request(
    body, 1000, [](std::string_view id) -> std::optional<std::string> {
      if (id != "known")
        return std::nullopt;
      return "http://here/known";
    });
}

/// "field: accepted" of each error.
std::string errors(std::string_view body) {
  std::string out;
  for (auto& x : read(body).errors)
    out += (out.empty() ? "" : "; ") + x.field + ": " + x.accepted;
  return out;
}

std::string data(std::string_view body) {
  auto x = read(body);
  return x.job ? x.job->record.data : "refused";
}

} // namespace

BOOST_AUTO_TEST_SUITE(web_submission)

BOOST_AUTO_TEST_CASE(a_job_of_each_kind) {
  BOOST_TEST(data(R"({"type":"csm","input":{"text":"a"}})")
             == R"({"text":"a"})");
  BOOST_TEST(data(R"({"type":"csm","input":{"monologue":["a","b"],"topk":3,)"
                  R"("temperature":0.5,"voice":"conversational_a"}})")
             == R"({"monologue":["a","b"],"voice":"conversational_a",)"
                R"("temperature":0.5,"topk":3})");
  BOOST_TEST(data(R"({"type":"whisper","input":{"audio":"https://a/b"}})")
             == R"({"audio_url":"https://a/b"})");
  BOOST_TEST(
    data(R"({"type":"portrait","input":{"image":"file:known",)"
         R"("audio":"https://a/b"}})")
    == R"({"image_url":"http://here/known","audio_url":"https://a/b"})");
  BOOST_TEST(data(R"({"type":"analyze","input":{"image":"https://a/b",)"
                  R"("prompt":null}})")
             == R"({"image_url":"https://a/b"})");
}

BOOST_AUTO_TEST_CASE(times_webhook_and_metadata) {
  auto x = read(R"({"type":"csm","input":{"text":"a"},"complete_in":60,)"
                R"("max_time":90,"webhook":{"url":"https://h/x"},)"
                R"("metadata":{"order":"7"}})");
  BOOST_REQUIRE(x.job);
  BOOST_TEST(x.job->record.created_at_s == 1000);
  BOOST_TEST(x.job->record.complete_by_s == 1060);
  BOOST_TEST(x.job->record.max_time_s == 90);
  BOOST_TEST(notify_url_of(x.job->record.data) == "https://h/x");
  BOOST_REQUIRE(x.job->more.size() == 1u);
  BOOST_TEST(x.job->more[0].second == R"({"order":"7"})");
  BOOST_TEST(
    read(R"({"type":"csm","input":{"text":"a"}})").job->record.complete_by_s
    == 4600);
  BOOST_TEST(read(R"({"type":"csm","input":{"text":"a"},"complete_by":2000.5})")
               .job->record.complete_by_s
             == 2000.5);
}

BOOST_AUTO_TEST_CASE(each_error_names_its_field) {
  BOOST_TEST(errors("") == ": a JSON object with type and input");
  BOOST_TEST(errors("[]") == ": a JSON object with type and input");
  BOOST_TEST(errors("{}") == "type: csm, whisper, portrait or analyze");
  BOOST_TEST(errors(R"({"type":"csm"})")
             == "input: an object with the parameters of the job");
  BOOST_TEST(errors(R"({"type":"csm","input":{"text":"a"},"complete_inn":1})")
             == "complete_inn: did you mean complete_in?");
  BOOST_TEST(errors(R"({"type":"csm","input":{"text":"a","audio_url":"b"}})")
               .starts_with("input.audio_url: one of text, monologue"));
  BOOST_TEST(errors(R"({"type":"csm","input":{"text":3}})")
             == "input.text: text");
  BOOST_TEST(errors(R"({"type":"csm","input":{"text":"a","topk":1.5}})")
             == "input.topk: a whole number");
  BOOST_TEST(errors(R"({"type":"csm","input":{"monologue":["a",""]}})")
             == "input.monologue: an array of texts that are not empty");
  BOOST_TEST(errors(R"({"type":"analyze","input":{"image":"file:x"}})")
               .starts_with("input.image: file: and the id"));
  BOOST_TEST(
    errors(R"({"type":"csm","input":{"text":"a"},"complete_in":0,)"
           R"("max_time":"9","webhook":{"url":"ftp://x"},"metadata":[]})")
    == "complete_in: seconds from 1 to 604800; max_time: seconds from 1 to "
       "7200; webhook.url: an http or https URL; metadata: an object of at "
       "most 16 texts of at most 500 bytes");
  BOOST_TEST(errors(R"({"type":"csm","input":{"text":"a"},"complete_by":999})")
               .starts_with("complete_by: Unix seconds in the next 7 days"));
}

/// What passes here also passes the worker, which has the last word.
BOOST_AUTO_TEST_CASE(the_workers_rules_hold) {
  BOOST_TEST(errors(R"({"type":"csm","input":{"text":"a","temperature":3}})")
             == "input.temperature: a number from 0 to 2");
  BOOST_TEST(errors(R"({"type":"csm","input":{"text":"a","voice":"x"}})")
               .starts_with("input.voice: "));
  BOOST_TEST(
    errors(R"({"type":"whisper","input":{}})").starts_with("input.audio: "));
  BOOST_TEST(errors(R"({"type":"whisper","input":{"audio":"ftp://x"}})")
               .starts_with("input.audio: "));
  BOOST_TEST(errors(R"({"type":"csm","input":{}})") != "");
}

BOOST_AUTO_TEST_CASE(preferred_waits) {
  BOOST_TEST(preferred_wait("wait=5") == 5);
  BOOST_TEST(preferred_wait("respond-async, Wait=500") == 60);
  BOOST_TEST(preferred_wait("") == 0);
  BOOST_TEST(preferred_wait("await=5") == 0);
  BOOST_TEST(preferred_wait("wait=") == 0);
  BOOST_TEST(preferred_wait("wait=-4") == 0);
}

BOOST_AUTO_TEST_SUITE_END()
