#include "app/web/legacy.hpp"
#include "app/web/legacy_checks.hpp"
#include "messages/text/json.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::web;

namespace {

struct row {
  job_kind kind;
  std::string body;
  unsigned status;
  /// Of the answer; for 200 the data of the record.
  std::string text;
};

constexpr auto json_type = "application/json";

std::string error(const std::string& x) {
  return "{\"error\":" + json::quote(x) + "}\n";
}

std::string internal(const std::string& x) {
  return error("Internal server error: " + x);
}

} // namespace

BOOST_AUTO_TEST_SUITE(web_legacy)

/// Requests and what the older API answers, taken from its checks one by one.
BOOST_AUTO_TEST_CASE(answers_as_the_older_api) {
  using enum job_kind;
  const std::string said
    = "Missing required field: either text or monologue must be provided";
  const std::string times
    = "complete_in must be an integer between 60 and 86400 seconds";
  const std::vector<row> rows{
    {csm, R"({"text":"a"})", 200, R"({"text":"a","voice":"random"})"},
    {csm, R"({"monologue":["a"],"voice":"random_voice","x":1})", 200,
     R"({"monologue":["a"],"voice":"random","x":1})"},
    {csm, R"({"text":"a","complete_in":"60","max_time":7200.9})", 200,
     R"({"text":"a","voice":"random"})"},
    {csm, "{}", 400, error(said)},
    {csm, R"({"text":3})", 400, error("text must be a string")},
    {csm, R"({"text":" \t"})", 400, error("text cannot be empty")},
    {csm, R"({"monologue":"a"})", 400,
     error("monologue must be an array of strings")},
    {csm, R"({"monologue":[]})", 400, error("monologue array cannot be empty")},
    {csm, R"({"monologue":[1]})", 400,
     error("all items in monologue array must be strings")},
    {csm, R"({"monologue":[" "]})", 400,
     error("monologue array cannot contain empty strings")},
    {csm, R"({"text":"a","monologue":["b"]})", 400,
     error("Cannot provide both text and monologue parameters. Use only one.")},
    {csm, R"({"text":"a","voice":"x"})", 400,
     error("Invalid voice option. Must be one of: random, conversational_a, "
           "conversational_b, clone")},
    {csm, R"({"text":"a","voice":"clone"})", 400,
     error("reference_audio_url is required for voice cloning")},
    {csm, R"({"text":"a","voice":"clone","reference_audio_url":"x"})", 400,
     error("reference_audio_url must be a valid URL")},
    {csm, R"({"text":"a","voice":"clone","reference_audio_url":"http://x"})",
     400, error("reference_text is required for voice cloning")},
    {csm, R"({"text":"a","temperature":2.1})", 400,
     error("temperature must be a float between 0 and 2")},
    {csm, R"({"text":"a","temperature":"1.5"})", 200,
     R"({"text":"a","temperature":"1.5","voice":"random"})"},
    {csm, R"({"text":"a","topk":"1.5"})", 400,
     error("topk must be an integer between 1 and 100")},
    {csm, R"({"text":"a","topk":true})", 200,
     R"({"text":"a","topk":true,"voice":"random"})"},
    {csm, R"({"text":"a","max_audio_length":999})", 400,
     error("max_audio_length must be an integer between 1000 and 30000")},
    {csm, R"({"text":"a","pause_duration":501})", 400,
     error("pause_duration must be an integer between 0 and 500")},
    {csm, R"({"text":"a","notify_url":"x"})", 400,
     error("notify_url must be a valid URL")},
    {csm, R"({"text":"a","notify_url":"ftp://x/y"})", 200,
     R"({"text":"a","notify_url":"ftp://x/y","voice":"random"})"},
    {csm, R"({"complete_in":59})", 400, error(times)},
    {csm, R"({"complete_in":null})", 400, error(times)},
    {csm, R"({"text":"a","max_time":7201})", 400,
     error("max_time must be an integer between 60 and 7200 seconds")},
    {csm, "null", 500, internal("argument of type 'NoneType' is not iterable")},
    {csm, "5", 500, internal("argument of type 'int' is not iterable")},
    {csm, "[]", 400, error(said)},
    {csm, R"("a word")", 400, error(said)},
    {csm, R"(["text"])", 500,
     internal("list indices must be integers or slices, not str")},
    {csm, R"("some text")", 500,
     internal("string indices must be integers, not 'str'")},
    {csm, R"({"text":"a","text":5})", 400, error("text must be a string")},
    {csm, R"({"text":5,"x":1,"text":"a"})", 200,
     R"({"text":"a","x":1,"voice":"random"})"},
    {csm, R"({"text":"\u00a0\u3000\u001c"})", 400,
     error("text cannot be empty")},
    {csm, R"({"text":"\u200b"})", 200,
     "{\"text\":\"\xe2\x80\x8b\",\"voice\":\"random\"}"},
    {csm,
     R"({"text":"a","voice":"clone","reference_audio_url":"http://x",)"
     R"("reference_text":5})",
     500, internal("'int' object has no attribute 'strip'")},
    {whisper, R"({"audio_url":"http://[::1"})", 400,
     error("audio_url must be a valid URL")},
    {whisper, R"({"audio_url":"http://[x]/"})", 400,
     error("audio_url must be a valid URL")},
    {whisper, R"({"audio_url":"http://a[::1]/"})", 400,
     error("audio_url must be a valid URL")},
    {whisper, R"({"audio_url":"http://[::1]80/"})", 400,
     error("audio_url must be a valid URL")},
    {whisper,
     R"({"audio_url":" ht\ttp://u@[::1]:80/","model":"tiny",)"
     R"("task":"transcribe","language":""})",
     200,
     R"({"audio_url":" ht\ttp://u@[::1]:80/","model":"tiny",)"
     R"("task":"transcribe","language":""})"},
    {whisper,
     R"({"audio_url":"http://[v1.a]/","language":"","model":"tiny",)"
     R"("task":"translate"})",
     200,
     R"({"audio_url":"http://[v1.a]/","language":"","model":"tiny",)"
     R"("task":"translate"})"},
    {whisper, "[]", 400, error("Missing required field: audio_url")},
    {portrait, R"(["x"])", 400,
     R"({"errors":{"audio_url":"Missing required field: audio_url",)"
     R"("image_url":"Missing required field: image_url"}})"
     "\n"},
    {portrait, R"("image_url")", 500,
     internal("string indices must be integers, not 'str'")},
    {csm, "{", 500,
     internal("400 Bad Request: The browser (or proxy) sent a request that "
              "this server could not understand.")},
    {whisper, R"({"audio_url":"http://x/y"})", 200,
     R"({"audio_url":"http://x/y","model":"medium","task":"transcribe",)"
     R"("language":""})"},
    {whisper, "{}", 400, error("Missing required field: audio_url")},
    {whisper, R"({"audio_url":5})", 400,
     error("audio_url must be a valid URL")},
    {whisper, R"({"audio_url":"http:///x"})", 400,
     error("audio_url must be a valid URL")},
    {whisper, R"({"audio_url":"http://x","model":"huge"})", 400,
     error("Invalid model. Must be one of: tiny, base, small, medium, large, "
           "large-v2, large-v3")},
    {whisper, R"({"audio_url":"http://x","task":"sing"})", 400,
     error("Invalid task. Must be one of: transcribe, translate")},
    {whisper, R"({"audio_url":"http://x","language":1})", 400,
     error("language must be a string")},
    {portrait, R"({"image_url":"http://x","audio_url":"http://y"})", 200,
     R"({"image_url":"http://x","audio_url":"http://y"})"},
    {portrait, "{}", 400, error("Missing request body")},
    {portrait, "null", 400, error("Missing request body")},
    {portrait, R"({"image_url":"","complete_in":1})", 400,
     R"({"errors":{"audio_url":"Missing required field: audio_url",)"
     R"("image_url":"Missing required field: image_url",)"
     R"("timing":")"
       + times + "\"}}\n"},
    {portrait, R"({"image_url":"x","audio_url":"http://y"})", 400,
     R"({"errors":{"image_url":"Invalid URL format for image_url"}})"
     "\n"},
    {portrait,
     R"({"image_url":"http://x","audio_url":"http://y","notify_url":"z"})", 200,
     R"({"image_url":"http://x","audio_url":"http://y","notify_url":"z"})"},
    {analyze, R"({"image_url":"http://x","prompt":7})", 200,
     R"({"image_url":"http://x","prompt":7})"},
    {analyze, "{}", 400, error("Missing required field: image_url")},
    {analyze, R"({"image_url":"x"})", 400,
     error("image_url must be a valid URL")}};
  for (auto& x : rows) {
    auto got = read_legacy_job(x.kind, x.body, json_type, 1000);
    auto status = got.made ? 200U : got.refused.status;
    BOOST_TEST(status == x.status, x.body);
    BOOST_TEST((got.made ? got.made->data : got.refused.body) == x.text,
               x.body << " gave "
                      << (got.made ? got.made->data : got.refused.body));
  }
}

BOOST_AUTO_TEST_CASE(a_body_of_another_type_is_an_internal_error) {
  auto got = read_legacy_job(job_kind::csm, R"({"text":"a"})", "text/plain", 0);
  BOOST_TEST(got.refused.status == 500u);
  BOOST_TEST(got.refused.body.starts_with(
    R"({"error":"Internal server error: 415 Unsupported Media Type: )"));
}

BOOST_AUTO_TEST_CASE(times_have_the_older_apis_defaults) {
  auto x = read_legacy_job(job_kind::csm, R"({"text":"a"})", json_type, 1000);
  BOOST_TEST(x.made->created_at_s == 1000);
  BOOST_TEST(x.made->complete_by_s == 4600);
  BOOST_TEST(x.made->max_time_s == 1200);
  auto y = read_legacy_job(job_kind::csm,
                           R"({"text":"a","complete_in":"60","max_time":99.9})",
                           json_type, 1000);
  BOOST_TEST(y.made->complete_by_s == 1060);
  BOOST_TEST(y.made->max_time_s == 99);
}

BOOST_AUTO_TEST_CASE(the_root_tells_the_time) {
  BOOST_TEST(legacy_root(0).body
             == "{\"status\":\"C3 Render API is running\",\"timestamp\":"
                "\"1970-01-01 00:00:00 UTC\"}\n");
}

BOOST_AUTO_TEST_SUITE_END()
