// What the storage's answers mean for an upload.
#include "actors/io/object_store/s3_policy.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::s3;

namespace {

result<http_response> answered(int32_t status, std::string body = {}) {
  http_response out;
  out.status = status;
  out.body = std::move(body);
  return out;
}

std::string error_xml(const std::string& code, const std::string& message) {
  return "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>"
         + message + "</Message></Error>";
}

} // namespace

BOOST_AUTO_TEST_SUITE(an_answer_of_the_storage)

BOOST_AUTO_TEST_CASE(is_good_when_2xx) {
  for (auto status : {200, 204, 299})
    BOOST_TEST((judge("upload", answered(status)).move == next_move::done));
}

BOOST_AUTO_TEST_CASE(is_worth_another_try_when_it_may_pass) {
  for (auto status : {408, 429, 500, 502, 503, 599}) {
    auto got = judge("upload x", answered(status, "<html>"));
    BOOST_TEST((got.move == next_move::retry));
    BOOST_TEST((got.why.kind == failure_kind::unfit));
    BOOST_TEST(got.why.message == "upload x: HTTP " + std::to_string(status));
  }
  for (auto kind : {failure_kind::unavailable, failure_kind::outcome_unknown}) {
    auto got = judge("upload x", fail(kind, "no connection"));
    BOOST_TEST((got.move == next_move::retry));
    BOOST_TEST((got.why.kind == failure_kind::unfit));
  }
}

BOOST_AUTO_TEST_CASE(makes_the_bucket_when_it_is_missing) {
  auto got = judge("upload x",
                   answered(404, error_xml("NoSuchBucket", "no such bucket")));
  BOOST_TEST((got.move == next_move::create_bucket));
}

BOOST_AUTO_TEST_CASE(is_final_for_what_it_refuses) {
  auto got = judge("upload x",
                   answered(400, error_xml("EntityTooLarge", "Too large.")));
  BOOST_TEST((got.move == next_move::give_up));
  BOOST_TEST((got.why.kind == failure_kind::rejected));
}

BOOST_AUTO_TEST_CASE(says_nothing_of_the_job_when_we_are_refused) {
  auto got = judge("upload x",
                   answered(403, error_xml("AccessDenied", "Access Denied.")));
  BOOST_TEST((got.move == next_move::give_up));
  BOOST_TEST((got.why.kind == failure_kind::unfit));
  BOOST_TEST((judge("u", answered(301)).why.kind == failure_kind::unfit));
  BOOST_TEST(got.why.message
             == "upload x: HTTP 403 AccessDenied: Access Denied.");
  BOOST_TEST((judge("u", answered(404)).move == next_move::give_up));
  BOOST_TEST((judge("u", answered(301)).move == next_move::give_up));
  BOOST_TEST(
    (judge("u", fail(failure_kind::aborted, "x")).move == next_move::give_up));
}

BOOST_AUTO_TEST_CASE(tells_of_a_wrong_clock) {
  auto got = judge("u", answered(403, error_xml("RequestTimeTooSkewed", "x")));
  BOOST_TEST(got.why.message.find("clock") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(may_be_broken_xml) {
  BOOST_TEST(read_error("<Code>A</Code>").code == "A");
  BOOST_TEST(read_error("<Code>A").code.empty());
  BOOST_TEST(read_error("</Code><Code>").code.empty());
  BOOST_TEST(read_error("").message.empty());
  BOOST_TEST(read_error(error_xml("A", std::string(9'999, 'm'))).message.size()
             < 200u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(an_object_lies_in_the_output_folder_and_nowhere_else) {
  BOOST_TEST(*object_key("a.mp3") == "output/a.mp3");
  for (auto* x : {"", ".", "..", "../a", "a/b", "/a"})
    BOOST_TEST(!object_key(x));
}
