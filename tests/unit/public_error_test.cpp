// What a customer is told of a failure, over all kinds.
#include "messages/public_error.hpp"
#include "tests/support/failure_kinds.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace render;

namespace {

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string cleaned(const std::string& text, std::string_view said = "{}") {
  return public_text({failure_kind::rejected, text}, said);
}

} // namespace

BOOST_AUTO_TEST_SUITE(a_public_error)

BOOST_AUTO_TEST_CASE(has_a_code_for_each_kind) {
  auto code = [](failure_kind kind) {
    return to_string(public_code({kind, "x"}));
  };
  BOOST_TEST(code(failure_kind::invalid_input) == "invalid_input");
  BOOST_TEST(code(failure_kind::rejected) == "rejected");
  BOOST_TEST(code(failure_kind::unavailable) == "unavailable");
  BOOST_TEST(code(failure_kind::outcome_unknown) == "unavailable");
  BOOST_TEST(code(failure_kind::deadline_passed) == "deadline_exceeded");
  BOOST_TEST(code(failure_kind::cancelled) == "cancelled");
  BOOST_TEST(code(failure_kind::shutting_down) == "unavailable");
  BOOST_TEST(code(failure_kind::not_owner) == "internal");
  BOOST_TEST(code(failure_kind::internal) == "internal");
  BOOST_TEST(code(failure_kind::unfit) == "unavailable");
  BOOST_TEST(code(failure_kind::aborted) == "unavailable");
  BOOST_TEST(code(failure_kind::over_budget) == "unavailable");
  BOOST_TEST(all_failure_kinds().size() == 12u);
  BOOST_TEST(code(static_cast<failure_kind>(99)) == "internal");
  BOOST_TEST(to_string(public_code(
               {failure_kind::deadline_passed, std::string{expired_text}}))
             == "expired");
}

BOOST_AUTO_TEST_CASE(names_no_place_of_the_fleet_whatever_its_kind) {
  auto text = "failed after 2 attempts: 1: POST "
              "https://ocean-kelp-gpu.comput3.ai/csm/run: HTTP 502: "
              "<html><head><style>b{}</style></head><body><h1>Bad "
              "gateway</h1>nginx</body></html>; 2: cannot write "
              "/app/output/.work/a.mp3 on ocean-kelp-gpu.local:8188, connect "
              "to 10.11.12.13 port 80, [fe80::1]:80, gpu7:8188, localhost";
  for (auto kind : all_failure_kinds()) {
    auto said = public_text({kind, text}, "{}");
    for (auto* x : {"ocean", "kelp", "comput3", "/app", ".work", "10.11",
                    "fe80", "8188", "localhost", "<", "html", "b{}", "gpu7"})
      BOOST_TEST(!holds(said, x), to_string(kind) << ": " << said);
    BOOST_TEST(!said.empty());
    BOOST_TEST(!public_text({kind, ""}, "").empty());
    BOOST_TEST(!public_text({kind, "<html></html>"}, "").empty());
  }
}

BOOST_AUTO_TEST_CASE(of_what_is_not_about_the_job_has_only_the_fact) {
  BOOST_TEST(
    public_text({failure_kind::unavailable, "node-7 is gone"}, "node-7")
    == "the rendering service did not work or could not be reached");
  BOOST_TEST(
    public_text(
      {failure_kind::unavailable, "failed after 3 attempts: 1: node-7"}, "")
    == "failed after 3 attempts: the rendering service did not work or could "
       "not be reached");
  BOOST_TEST(
    public_text({failure_kind::internal, "failed after x attempts"}, "")
    == "an internal error");
  BOOST_TEST(public_text({failure_kind::internal, "std::bad_alloc"}, "")
             == "an internal error");
}

BOOST_AUTO_TEST_CASE(keeps_what_the_customer_wrote) {
  auto data = R"({"audio_url":"https://Media.Customer.com:8443/a/clip.mp3"})";
  auto text = "Failed to download audio from URL: GET "
              "https://media.customer.com:8443/a/clip.mp3: HTTP 404";
  BOOST_TEST(cleaned(text, data) == text);
  BOOST_TEST(cleaned(text)
             == "Failed to download audio from URL: GET [hidden]: HTTP 404");
  BOOST_TEST(cleaned("could not resolve host: media.customer.com", data)
             == "could not resolve host: media.customer.com");
}

BOOST_AUTO_TEST_CASE(keeps_plain_words) {
  for (auto* x :
       {"temperature: got 3.5, accepted is 0 to 2",
        "Unknown job type: \"opera\", accepted is one of csm, whisper",
        "Generation failed: no voice", "model llama3.2-vision:11b said no",
        "denied: ***", "and/or, i.e. this. Or that?", "12:30:45",
        "Job exceeded completion deadline (2026-11-30 07:00:00)",
        "Job exceeded maximum runtime of 40 seconds",
        "Failed to extract/convert audio file: audio_url: neither sound nor "
        "video",
        "ComfyUI error in node 31 (SONICSampler): no face",
        "fence: got \"1e300\", accepted is a whole number from 0 to 2^53",
        "text: got 5 < 6 and 7 > 2"})
    BOOST_TEST(cleaned(x) == x);
  BOOST_TEST(cleaned("one\n two\t\r\n") == "one two");
}

BOOST_AUTO_TEST_CASE(says_what_a_page_says) {
  BOOST_TEST(cleaned("HTTP 503: <!DOCTYPE html><p>Busy</p><script>x()</script>")
             == "HTTP 503: Busy");
  BOOST_TEST(cleaned("HTTP 503: <html><body") == "HTTP 503:");
}

BOOST_AUTO_TEST_CASE(goes_into_an_outcome_with_the_full_text_beside_it) {
  auto x = failed_outcome({failure_kind::rejected, "no, says gpu-1.local"});
  make_public(x, "Error: ", "{}");
  BOOST_TEST(x.error.message == "Error: no, says [hidden]");
  BOOST_TEST(x.error_code == "rejected");
  BOOST_TEST(x.error_detail == "Error: no, says gpu-1.local");
  BOOST_TEST((x.error.kind == failure_kind::rejected));
  job_outcome good;
  make_public(good, "Error: ", "{}");
  BOOST_TEST((good == job_outcome{}));
}

BOOST_AUTO_TEST_CASE(has_codes_that_differ) {
  std::set<std::string_view> seen;
  for (auto x :
       {error_code::invalid_input, error_code::rejected, error_code::expired,
        error_code::deadline_exceeded, error_code::unavailable,
        error_code::cancelled, error_code::internal})
    BOOST_TEST(seen.insert(to_string(x)).second);
}

BOOST_AUTO_TEST_SUITE_END()
