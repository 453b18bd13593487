// What a transfer without a complete answer means.
#include "actors/io/http/classify.hpp"

#include <boost/test/unit_test.hpp>
#include <curl/curl.h>

using namespace render;

namespace {

failure classified(const std::string& method, int code, bool sent) {
  http_request request;
  request.method = method;
  request.url = "https://user:pw@a.example/x?token=secret";
  return classify(
    request, {code, "curl says no", sent, std::chrono::milliseconds{1'234}});
}

} // namespace

BOOST_AUTO_TEST_SUITE(a_broken_transfer)

BOOST_AUTO_TEST_CASE(has_changed_nothing_when_nothing_was_sent) {
  for (auto* method : {"GET", "HEAD", "POST", "PUT", "DELETE"})
    for (auto code : {CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST,
                      CURLE_OPERATION_TIMEDOUT})
      BOOST_TEST(
        (classified(method, code, false).kind == failure_kind::unavailable));
}

BOOST_AUTO_TEST_CASE(may_have_changed_something_when_it_was_sent) {
  for (auto* method : {"POST", "PUT", "DELETE"})
    for (auto code : {CURLE_RECV_ERROR, CURLE_OPERATION_TIMEDOUT,
                      CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE})
      BOOST_TEST(
        (classified(method, code, true).kind == failure_kind::outcome_unknown));
  for (auto* method : {"GET", "HEAD"})
    BOOST_TEST((classified(method, CURLE_RECV_ERROR, true).kind
                == failure_kind::unavailable));
}

// curl says so too of an answer that is no HTTP.
BOOST_AUTO_TEST_CASE(is_nobodys_fault_when_the_server_speaks_no_http) {
  BOOST_TEST((classified("POST", CURLE_UNSUPPORTED_PROTOCOL, true).kind
              == failure_kind::outcome_unknown));
  BOOST_TEST((classified("GET", CURLE_UNSUPPORTED_PROTOCOL, true).kind
              == failure_kind::unavailable));
}

BOOST_AUTO_TEST_CASE(tells_of_this_machine_only_when_nothing_was_sent) {
  for (auto* method : {"GET", "POST"})
    BOOST_TEST((classified(method, CURLE_OUT_OF_MEMORY, false).kind
                == failure_kind::unfit));
  BOOST_TEST(
    (classified("GET", CURLE_OUT_OF_MEMORY, true).kind == failure_kind::unfit));
  BOOST_TEST((classified("POST", CURLE_OUT_OF_MEMORY, true).kind
              == failure_kind::outcome_unknown));
}

BOOST_AUTO_TEST_CASE(is_the_callers_fault_for_a_bad_url) {
  for (auto code : {CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL})
    BOOST_TEST(
      (classified("GET", code, false).kind == failure_kind::invalid_input));
  BOOST_TEST((classified("GET", CURLE_TOO_MANY_REDIRECTS, true).kind
              == failure_kind::rejected));
}

// Whoever looks on from outside sees the text alone.
BOOST_AUTO_TEST_CASE(is_final_and_has_the_common_text_for_a_forbidden_address) {
  http_request request;
  request.url = "https://a.example/x";
  request.public_only = true;
  transfer_error error{CURLE_COULDNT_CONNECT, "curl says no", false,
                       std::chrono::milliseconds{1}};
  auto closed = classify(request, error);
  error.forbidden = true;
  auto forbidden = classify(request, error);
  BOOST_TEST((closed.kind == failure_kind::unavailable));
  BOOST_TEST((forbidden.kind == failure_kind::rejected));
  BOOST_TEST(forbidden.message == closed.message);
}

BOOST_AUTO_TEST_CASE(is_told_with_its_time_and_without_secrets) {
  auto text = classified("POST", CURLE_RECV_ERROR, true).message;
  BOOST_TEST(text == "POST https://a.example/x: curl says no after 1234 ms");
}

BOOST_AUTO_TEST_SUITE_END()
