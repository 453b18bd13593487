// What others say on its way out: no secret, no query of a URL, one line.
#include "actors/renderer/outcome.hpp"
#include "app/node/config.hpp"
#include "messages/http.hpp"
#include "messages/text/base64.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;

namespace {

const std::string key = "c3k_Zt9+/wQ=\"4dL2-rT7u";

const secret_mask mask{{key, "minioadmin", "tiny", ""}};

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// Nothing of a key may be left that helps to find it.
void check_masked(const std::string& text, std::string_view secret) {
  auto out = mask.masked(text);
  BOOST_TEST(holds(out, "***"), text);
  for (size_t i = 0; i + 8 <= secret.size(); ++i)
    BOOST_TEST(!holds(out, secret.substr(i, 8)), out);
}

} // namespace

BOOST_AUTO_TEST_SUITE(a_secret_in_the_text_of_others)

BOOST_AUTO_TEST_CASE(is_masked_wherever_it_stands) {
  check_masked(key, key);
  check_masked("bad key '" + key + "', and again " + key, key);
  check_masked(key + key + key, key);
  check_masked("access denied for minioadmin", "minioadmin");
  BOOST_TEST(mask.masked("Bearer " + key + " is wrong")
             == "Bearer *** is wrong");
}

BOOST_AUTO_TEST_CASE(is_known_in_other_clothes) {
  auto encoded = percent_encode(key);
  check_masked("?key=" + encoded + "&x", encoded);
  check_masked("?key=c3k_Zt9%2b%2fwQ%3d%224dL2-rT7u", "%2fwQ%3d%22");
  check_masked(R"({"key":"c3k_Zt9+/wQ=\"4dL2-rT7u"})", R"(/wQ=\"4d)");
  for (auto* around : {"", "x", "xy", "user:", "me:you:"})
    for (auto* behind : {"", "-", "--", "---"}) {
      auto text = to_base64(around + key + behind);
      auto out = mask.masked("Basic " + text);
      BOOST_TEST(holds(out, "***"), text);
      // Its edge characters hold some bits of what stands around.
      BOOST_TEST(out.size() < 6 + 3 + text.size() - 20, out);
      for (auto& c : text)
        c = c == '+' ? '-' : c == '/' ? '_' : c;
      BOOST_TEST(holds(mask.masked(text), "***"), text);
    }
}

BOOST_AUTO_TEST_CASE(is_known_by_its_beginning_where_the_text_was_cut) {
  for (size_t left = 8; left < key.size(); ++left)
    BOOST_TEST(mask.masked("wrong: " + key.substr(0, left) + "...")
               == "wrong: ***...");
}

BOOST_AUTO_TEST_CASE(is_no_word_that_any_text_has) {
  BOOST_TEST(mask.masked("a tiny picture") == "a tiny picture");
  BOOST_TEST(mask.masked("c3k_ of another kind") == "c3k_ of another kind");
  BOOST_TEST(secret_mask{}.masked(key) == key);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(the_text_of_others)

BOOST_AUTO_TEST_CASE(keeps_of_urls_what_is_no_secret) {
  auto cut = without_url_secrets(
    "cannot fetch 'https://u:pw@s3.example/a.png?X-Amz-Signature=1f' (404), "
    "nor http://b.example/c#d");
  BOOST_TEST(cut
             == "cannot fetch 'https://s3.example/a.png' (404), nor "
                "http://b.example/c");
  BOOST_TEST(without_url_secrets("HTTPS://u:pw@h.example/x?sig=1 Http://v@b/")
             == "HTTPS://h.example/x Http://b/");
  for (auto* same : {"", "http", "http://", "no URL? None.", "a ? b"})
    BOOST_TEST(without_url_secrets(same) == same);
}

BOOST_AUTO_TEST_CASE(becomes_one_short_line) {
  BOOST_TEST(foreign_text("a\n\x1b[31mb\tc", mask, 100) == "a [31mb c");
  BOOST_TEST(foreign_text(std::string(500, 'x'), mask, 300).size() == 303u);
  // A secret is masked before the text is cut.
  auto text = std::string(290, 'x') + key;
  BOOST_TEST(foreign_text(text, mask, 300) == std::string(290, 'x') + "***");
}

BOOST_AUTO_TEST_CASE(of_a_failure_is_never_empty) {
  for (auto* text : {" ", "\n", "\x1b"}) {
    auto out = fit_to_leave(failed_outcome({failure_kind::rejected, text}),
                            mask);
    BOOST_TEST(!out.success());
    BOOST_TEST((out.error.kind == failure_kind::rejected));
  }
}

BOOST_AUTO_TEST_CASE(is_no_result_of_twelve_megabytes) {
  job_outcome spoken;
  spoken.text = std::string(result_text_max, 'a');
  BOOST_TEST(fit_to_leave(spoken, mask).success());
  spoken.text += 'a';
  auto out = fit_to_leave(spoken, mask);
  BOOST_TEST((out.error.kind == failure_kind::rejected));
  BOOST_TEST(out.text.empty());
  BOOST_TEST(out.error.message
             == "the result has 4194305 bytes of text, accepted are at most "
                "4194304");
}

BOOST_AUTO_TEST_CASE(is_masked_in_a_transcript_but_no_url_of_ours_is) {
  job_outcome out;
  out.text = "the key is\n" + key;
  BOOST_TEST(fit_to_leave(out, mask).text == "the key is\n***");
  out = {};
  out.result_url = "http://s/x?X-Amz-Credential=minioadmin%2F2026";
  BOOST_TEST(fit_to_leave(out, mask).result_url == out.result_url);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(the_settings)

BOOST_AUTO_TEST_CASE(say_what_is_secret) {
  environment env{{"C3_API_KEY", "api-key-1"},
                  {"REDIS_PASSWORD", "redis-pw"},
                  {"MINIO_SECRET_KEY", "minio-sk"},
                  {"WEBHOOK_SECRET", "whsec_AAAA whsec_BBBB"},
                  {"OUTPUT_DIR", "/tmp"}};
  auto secrets = secrets_of(env);
  auto has = [&](const std::string& x) {
    return std::count(secrets.begin(), secrets.end(), x) == 1;
  };
  for (auto* x : {"api-key-1", "redis-pw", "minio-sk", "AAAA", "BBBB"})
    BOOST_TEST(has(x), x);
  BOOST_TEST(!has("/tmp"));
}

BOOST_AUTO_TEST_CASE(come_with_their_secrets) {
  auto cfg = parse_config({{"C3_API_KEY", "api-key-1"}});
  BOOST_REQUIRE(cfg);
  BOOST_TEST(cfg->secrets == std::vector<std::string>{"api-key-1"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
