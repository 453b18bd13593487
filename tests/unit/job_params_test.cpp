// The rules for a job's parameters: every field's default, its borders, and
// what a bad value is told.
#include "messages/job_params.hpp"
#include "messages/text/json.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;

namespace {

/// An object of good required fields, with more before them.
std::string csm(const std::string& more = {}) {
  return "{" + more + (more.empty() ? "" : ",") + R"("monologue":["Hi."]})";
}

std::string whisper(const std::string& more = {}) {
  return "{" + more + (more.empty() ? "" : ",")
         + R"("audio_url":"https://a.example/a.mp3"})";
}

template <class T>
T good(job_kind kind, const std::string& data) {
  auto got = parse_params(kind, data);
  BOOST_REQUIRE_MESSAGE(got, data << ": " << (got ? "" : got.error().message));
  return std::get<T>(*got);
}

/// The message of the refusal.
std::string bad(job_kind kind, const std::string& data) {
  auto got = parse_params(kind, data);
  BOOST_REQUIRE_MESSAGE(!got, "accepted: " + data.substr(0, 200));
  BOOST_TEST((got.error().kind == failure_kind::invalid_input));
  return got.error().message;
}

/// A bad value is named with its field and with what is accepted.
void refuses(job_kind kind, const std::string& data, const std::string& field,
             const std::string& value, const std::string& accepted) {
  auto text = bad(kind, data);
  BOOST_TEST_CONTEXT(data << " -> " << text) {
    BOOST_TEST(text.rfind(field + ": got " + value, 0) == 0u);
    BOOST_TEST(text.find(accepted) != std::string::npos);
  }
}

struct number_rule {
  const char* field;
  const char* accepted;
  std::vector<const char*> fit;
  std::vector<const char*> unfit;
};

} // namespace

BOOST_AUTO_TEST_SUITE(csm_parameters)

BOOST_AUTO_TEST_CASE(have_defaults) {
  auto x = good<csm_params>(job_kind::csm, csm());
  BOOST_TEST(x.monologue.size() == 1u);
  BOOST_TEST(x.voice == "random");
  BOOST_TEST(x.temperature == 0.9);
  BOOST_TEST(x.topk == 50);
  BOOST_TEST(x.max_audio_length_ms == 10'000);
  BOOST_TEST(x.pause_duration_ms == 150);
  BOOST_TEST(x.reference_audio_url.empty());
}

BOOST_AUTO_TEST_CASE(are_accepted_up_to_their_borders) {
  const std::vector<number_rule> rules{
    {"temperature",
     "a number from 0 to 2",
     {"0", "0.0", "2", "1.5", "\"0.9\"", "true", "\" +1.5\\n\"", "\"1e-1\""},
     {"-0.1", "2.1", "\"3\"", "\"nan\"", "NaN", "Infinity", "\"\"", "\"1__0\"",
      "\"_1\"", "[]"}},
    {"topk",
     "a whole number from 1 to 100",
     {"1", "100", "50.0", "50.7", "100.9", "\" 5_0 \"", "true", "\"50\""},
     {"0", "101", "0.5", "false", "\"x\""}},
    {"max_audio_length",
     "a whole number from 1000 to 30000",
     {"1000", "30000"},
     {"999", "30001", "1e300", "{}"}},
    {"pause_duration",
     "a whole number from 0 to 500",
     {"0", "500"},
     {"-1", "501", "\"-1\""}}};
  for (auto& rule : rules) {
    auto member = "\"" + std::string{rule.field} + "\":";
    for (auto* x : rule.fit)
      good<csm_params>(job_kind::csm, csm(member + x));
    for (auto* x : rule.unfit)
      refuses(job_kind::csm, csm(member + x), rule.field, "", rule.accepted);
    // Absent and null are the same.
    good<csm_params>(job_kind::csm, csm(member + "null"));
  }
}

BOOST_AUTO_TEST_CASE(name_the_value_that_was_refused) {
  refuses(job_kind::csm, csm(R"("topk":101)"), "topk", "101,", "1 to 100");
  refuses(job_kind::csm, csm(R"("topk":"many")"), "topk", "\"many\",",
          "1 to 100");
}

BOOST_AUTO_TEST_CASE(carry_their_values) {
  auto x = good<csm_params>(
    job_kind::csm, csm(R"("temperature":0.25,"topk":7,"max_audio_length":2000,)"
                       R"("pause_duration":30,"voice":"conversational_b")"));
  BOOST_TEST(x.temperature == 0.25);
  BOOST_TEST(x.topk == 7);
  BOOST_TEST(x.max_audio_length_ms == 2'000);
  BOOST_TEST(x.pause_duration_ms == 30);
  BOOST_TEST(x.voice == "conversational_b");
}

BOOST_AUTO_TEST_CASE(take_a_monologue_in_three_forms) {
  auto lines = [](const std::string& data) {
    return good<csm_params>(job_kind::csm, data).monologue;
  };
  BOOST_TEST(lines(R"({"monologue":["a","b"]})").size() == 2u);
  BOOST_TEST(lines(R"({"monologue":"a"})").front() == "a");
  BOOST_TEST(lines(R"({"text":"a"})").front() == "a");
}

BOOST_AUTO_TEST_CASE(refuse_a_monologue_that_is_none) {
  for (auto* x : {"[]", "\"\"", "\"  \"", "7", "[\"a\",\"\"]", "[\"a\",7]",
                  "{}", "[[\"a\"]]"}) {
    auto text = bad(job_kind::csm, R"({"monologue":)" + std::string{x} + "}");
    BOOST_TEST(text.rfind("monologue: got", 0) == 0u, text);
    BOOST_TEST(text.find("non-empty") != std::string::npos);
  }
  BOOST_TEST(bad(job_kind::csm, "{}").rfind("monologue is missing", 0) == 0u);
  BOOST_TEST(bad(job_kind::csm, R"({"text":""})").rfind("text: got", 0) == 0u);
  BOOST_TEST(bad(job_kind::csm, R"({"text":["a"]})").rfind("text: got", 0)
             == 0u);
  BOOST_TEST(
    bad(job_kind::csm, R"({"text":"a","monologue":["a"]})").find("not both")
    != std::string::npos);
}

BOOST_AUTO_TEST_CASE(know_four_voices) {
  for (auto* x : {"random", "conversational_a", "conversational_b"})
    good<csm_params>(job_kind::csm, csm(R"("voice":")" + std::string{x} + '"'));
  for (auto* x : {R"("loud")", "7", R"("random_voice")", R"("")"})
    refuses(job_kind::csm, csm(R"("voice":)" + std::string{x}), "voice", x,
            "random, conversational_a, conversational_b, clone");
}

BOOST_AUTO_TEST_CASE(want_both_references_for_a_clone) {
  auto url = R"("reference_audio_url":"http://a.example/v.wav")";
  auto clone = std::string{R"("voice":"clone")"};
  BOOST_TEST(bad(job_kind::csm, csm(clone)).rfind("reference_audio_url", 0)
             == 0u);
  BOOST_TEST(
    bad(job_kind::csm, csm(clone + "," + url)).rfind("reference_text", 0)
    == 0u);
  auto x = good<csm_params>(
    job_kind::csm, csm(clone + "," + url + R"(,"reference_text":"Hello")"));
  BOOST_TEST(x.reference_audio_url == "http://a.example/v.wav");
  BOOST_TEST(x.reference_text == "Hello");
  refuses(
    job_kind::csm,
    csm(clone + R"(,"reference_text":"x","reference_audio_url":"ftp://a/b")"),
    "reference_audio_url", R"("ftp://a/b")", "http or https");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(whisper_parameters)

BOOST_AUTO_TEST_CASE(have_defaults) {
  auto x = good<whisper_params>(job_kind::whisper, whisper());
  BOOST_TEST(x.audio_url == "https://a.example/a.mp3");
  BOOST_TEST(x.model == "medium");
  BOOST_TEST(x.task == "transcribe");
  BOOST_TEST(x.language.empty());
}

BOOST_AUTO_TEST_CASE(know_the_models_and_tasks) {
  for (auto* x :
       {"tiny", "base", "small", "medium", "large", "large-v2", "large-v3"})
    BOOST_TEST(
      good<whisper_params>(job_kind::whisper,
                           whisper(R"("model":")" + std::string{x} + '"'))
        .model
      == x);
  good<whisper_params>(job_kind::whisper, whisper(R"("task":"translate")"));
  refuses(job_kind::whisper, whisper(R"("model":"huge")"), "model", R"("huge")",
          "tiny, base, small, medium, large, large-v2, large-v3");
  refuses(job_kind::whisper, whisper(R"("task":"sing")"), "task", R"("sing")",
          "transcribe, translate");
}

BOOST_AUTO_TEST_CASE(take_a_language_code_or_none) {
  for (auto* x : {"", "en", "zh-CN", "pt_BR"})
    good<whisper_params>(job_kind::whisper,
                         whisper(R"("language":")" + std::string{x} + '"'));
  for (auto* x : {R"("e n")", R"("en;rm")", "7", R"("thirteen-chars")"})
    refuses(job_kind::whisper, whisper(R"("language":)" + std::string{x}),
            "language", x, "a language code");
}

BOOST_AUTO_TEST_CASE(want_an_audio_url) {
  BOOST_TEST(bad(job_kind::whisper, "{}").rfind("audio_url is missing", 0)
             == 0u);
  for (auto* x : {"\"\"", "7", "\"file:///etc/passwd\"", "\"http://\"",
                  "\"a.mp3\"", "\"gopher://a.example/\""})
    refuses(job_kind::whisper, R"({"audio_url":)" + std::string{x} + "}",
            "audio_url", x, "an http or https URL");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(portrait_and_analyze_parameters)

BOOST_AUTO_TEST_CASE(want_their_urls) {
  auto both = R"({"image_url":"http://a.example/a.png",)"
              R"("audio_url":"http://a.example/a.mp3"})";
  auto x = good<portrait_params>(job_kind::portrait, both);
  BOOST_TEST(x.image_url == "http://a.example/a.png");
  BOOST_TEST(x.audio_url == "http://a.example/a.mp3");
  BOOST_TEST(bad(job_kind::portrait, R"({"image_url":"http://a.example/a"})")
               .rfind("audio_url is missing", 0)
             == 0u);
  BOOST_TEST(bad(job_kind::portrait, R"({"audio_url":"http://a.example/a"})")
               .rfind("image_url is missing", 0)
             == 0u);
  BOOST_TEST(bad(job_kind::analyze, "{}").rfind("image_url is missing", 0)
             == 0u);
}

BOOST_AUTO_TEST_CASE(ask_a_question_of_their_own_or_ours) {
  auto prompt = [](const std::string& member) {
    return good<analyze_params>(job_kind::analyze,
                                R"({"image_url":"http://a.example/a.png")"
                                  + member + "}")
      .prompt;
  };
  BOOST_TEST(prompt("") == default_analyze_prompt);
  BOOST_TEST(prompt(R"(,"prompt":"  ")") == default_analyze_prompt);
  BOOST_TEST(prompt(R"(,"prompt":"How many?")") == "How many?");
  refuses(job_kind::analyze,
          R"({"image_url":"http://a.example/a.png","prompt":7})", "prompt", "7",
          "a string");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(any_data)

BOOST_AUTO_TEST_CASE(must_be_an_object_of_a_sane_size) {
  for (auto kind : all_job_kinds) {
    BOOST_TEST(bad(kind, "").find("data is missing") != std::string::npos);
    BOOST_TEST(bad(kind, "{").rfind("data", 0) == 0u);
    BOOST_TEST(bad(kind, "[]").find("a JSON object") != std::string::npos);
    BOOST_TEST(bad(kind, "null").find("a JSON object") != std::string::npos);
    auto deep = std::string(100'000, '[');
    BOOST_TEST(bad(kind, deep).rfind("data", 0) == 0u);
  }
  auto fits = csm(R"("x":")" + std::string(data_bytes_max - 100, 'a') + '"');
  good<csm_params>(job_kind::csm, fits);
  auto big = bad(job_kind::csm, std::string(10u << 20, 'a'));
  BOOST_TEST(big.size() < 200u);
  BOOST_TEST(big.find("10485760 bytes") != std::string::npos, big);
}

BOOST_AUTO_TEST_CASE(may_name_a_notify_url) {
  good<csm_params>(job_kind::csm, csm(R"("notify_url":"http://r.example/h")"));
  good<csm_params>(job_kind::csm, csm(R"("notify_url":"")"));
  good<csm_params>(job_kind::csm, csm(R"("notify_url":null)"));
  BOOST_TEST(notify_url_of(R"({"notify_url":"http://r.example/h"})")
             == "http://r.example/h");
  // Also where nothing else is right.
  BOOST_TEST(notify_url_of(R"({"notify_url":"http://r.example/h","topk":-7})")
             == "http://r.example/h");
  for (auto* x :
       {"", "{", "[]", R"({"notify_url":7})", R"({"notify_url":"file:///a"})"})
    BOOST_TEST(notify_url_of(x).empty());
}

BOOST_AUTO_TEST_CASE(run_without_a_webhook_where_its_url_is_of_no_use) {
  for (auto* x : {R"("not a url")", R"("example.com/hook")", "123", "false",
                  "{}", R"("ftp://a.example/h")", R"("http://")"}) {
    auto data = csm(R"("notify_url":)" + std::string{x});
    good<csm_params>(job_kind::csm, data);
    BOOST_TEST(notify_url_of(data).empty());
    auto flaw = notify_url_flaw(data);
    BOOST_REQUIRE(flaw);
    BOOST_TEST(flaw->message.rfind("notify_url: got", 0) == 0u);
  }
  for (auto* x : {"null", R"("")", R"("http://r.example/my hook")"})
    BOOST_TEST(!notify_url_flaw(csm(R"("notify_url":)" + std::string{x})));
  BOOST_TEST(!notify_url_flaw(csm()));
}

BOOST_AUTO_TEST_CASE(have_a_webhook_although_they_cannot_be_read) {
  auto found = [](const char* x) {
    return notify_url_of(x);
  };
  BOOST_TEST(found(R"({"text": "Hi", "notify_url" : "http://r.example/h", x)")
             == "http://r.example/h");
  BOOST_TEST(found(R"({"notify_url":"http:\/\/r.example\/a\u0062",)")
             == "http://r.example/ab");
  for (auto* x :
       {R"({"notify_url")", R"({"notify_url":)", R"({"notify_url":"h)",
        R"({"notify_url":"http://a\)", R"({"notify_url":7 x)"})
    BOOST_TEST(found(x).empty());
}

BOOST_AUTO_TEST_CASE(are_read_as_python_reads_them) {
  good<csm_params>(job_kind::csm, csm(R"("title":NaN,"x":[-Infinity])"));
  auto x = good<csm_params>(job_kind::csm,
                            R"({"text":"cut \ud83d","a":"\ude00"})");
  BOOST_TEST(x.monologue.front() == "cut \xEF\xBF\xBD");
  x = good<csm_params>(job_kind::csm, R"({"text":"\ud83d\ude00 \\ud83d"})");
  BOOST_TEST(x.monologue.front() == "\xF0\x9F\x98\x80 \\ud83d");
  auto url = good<whisper_params>(
    job_kind::whisper,
    R"({"audio_url":" http://a.example/My Recording.mp3?a=b c "})");
  BOOST_TEST(url.audio_url == "http://a.example/My%20Recording.mp3?a=b%20c");
}

BOOST_AUTO_TEST_CASE(never_show_the_password_of_a_url) {
  for (auto* x : {"ftp://user:secret@a.example/", "user:secret@a.example",
                  "http://u:secret@a b/", "ftp://a.example/?key=secret"}) {
    auto text = bad(job_kind::analyze,
                    R"({"image_url":")" + std::string{x} + R"("})");
    BOOST_TEST(text.find("secret") == std::string::npos, text);
  }
}

BOOST_AUTO_TEST_CASE(is_shown_in_excerpts_only) {
  auto text = bad(job_kind::csm,
                  csm(R"("voice":")" + std::string(10'000, 'v') + '"'));
  BOOST_TEST(text.size() < 300u);
}

BOOST_AUTO_TEST_CASE(belongs_to_a_known_type_and_a_sane_time) {
  job x;
  x.type = "csm";
  x.data = csm();
  BOOST_TEST(validate(x).has_value());
  x.max_time_s = -1;
  BOOST_REQUIRE(!validate(x));
  BOOST_TEST(validate(x).error().message.rfind("max_time: got -1", 0) == 0u);
  x.max_time_s = 0;
  x.type = "CSM";
  BOOST_REQUIRE(!validate(x));
  BOOST_TEST(
    validate(x).error().message
    == R"(Unknown job type: "CSM", accepted is one of csm, whisper, portrait, )"
       "analyze");
}

BOOST_AUTO_TEST_SUITE_END()
