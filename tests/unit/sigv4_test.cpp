// Signatures against published vectors, and what the storage's answers mean.
#include "actors/io/object_store/s3_policy.hpp"
#include "actors/io/object_store/sigv4.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;

namespace {

const s3::credentials aws{"AKIAIOSFODNN7EXAMPLE",
                          "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                          "us-east-1"};
const s3::credentials minio{"minioadmin", "minioadmin", "us-east-1"};
constexpr int64_t may_2013 = 1369353600;  // 2013-05-24T00:00:00Z
constexpr int64_t june_2025 = 1748779200; // 2025-06-01T12:00:00Z

bool signed_with(const std::string& url, const std::string& signature) {
  return url.ends_with("&X-Amz-Signature=" + signature);
}

result<http_response> answer(int status, std::string body = {}) {
  http_response x;
  x.status = status;
  x.body = std::move(body);
  return x;
}

std::string xml(const std::string& code) {
  return "<?xml version=\"1.0\"?><Error><Code>" + code
         + "</Code><Message>It is so.</Message></Error>";
}

} // namespace

BOOST_AUTO_TEST_SUITE(sigv4)

BOOST_AUTO_TEST_CASE(the_example_of_the_aws_documentation) {
  s3::endpoint where{"https", "examplebucket.s3.amazonaws.com"};
  BOOST_TEST(
    s3::presign_canonical_hash(aws, where, "/test.txt", may_2013, 86400)
    == "3bfa292879f6447bbcda7001decf97f4a54dc650c8942174ae0a9121cf58ad04");
  BOOST_TEST(signed_with(
    s3::signer{aws}.presign_get(where, "/test.txt", may_2013, 86400),
    "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"));
}

BOOST_AUTO_TEST_CASE(path_style_with_a_port) {
  auto where = s3::parse_endpoint("minio:9000", false);
  auto path = s3::object_path("c3-render-output", "output/0b0c-1.mp3");
  BOOST_TEST(
    s3::presign_canonical_hash(minio, where, path, june_2025, 604800)
    == "1714f27cbdf1cbe45889e46af31065c0acf75ea99a3252e94d84dba512b124c4");
  auto url = s3::signer{minio}.presign_get(where, path, june_2025, 604800);
  BOOST_TEST(url.starts_with(
    "http://minio:9000/c3-render-output/output/0b0c-1.mp3?X-Amz-Algorithm="));
  BOOST_TEST(signed_with(
    url, "d8615defa2af40dd811e9b864b8378cd77f038a7be57325d127bc0ad6f5f36cd"));
}

BOOST_AUTO_TEST_CASE(names_with_spaces_plus_signs_and_umlauts) {
  auto where = s3::parse_endpoint("https://s3.example.com", false);
  auto path = s3::object_path("c3-render-output",
                              "output/a b+c=\xc3\xa9(1).mp4");
  BOOST_TEST(path == "/c3-render-output/output/a%20b%2Bc%3D%C3%A9%281%29.mp4");
  BOOST_TEST(
    s3::presign_canonical_hash(minio, where, path, june_2025, 3600)
    == "7e279c3446a1a192652c1c62e6b5aa9b1bd3bbca85353bc6e6f4fdc76042dc94");
  BOOST_TEST(signed_with(
    s3::signer{minio}.presign_get(where, path, june_2025, 3600),
    "599bf1699564aba925d82e3951fedabb1941e5ab713b06889bfda8acc125a081"));
}

BOOST_AUTO_TEST_CASE(each_day_has_its_own_key) {
  s3::endpoint where{"https", "examplebucket.s3.amazonaws.com"};
  s3::signer over_days{aws};
  for (auto at : {may_2013, may_2013 + 3'600, may_2013 + 86'400, may_2013})
    BOOST_TEST(over_days.presign_get(where, "/test.txt", at, 60)
               == s3::signer{aws}.presign_get(where, "/test.txt", at, 60));
}

BOOST_AUTO_TEST_CASE(a_schemes_own_port_is_not_part_of_the_host) {
  BOOST_TEST(s3::parse_endpoint("https://s3.example.com:443/x", false).host
             == "s3.example.com");
  BOOST_TEST(s3::parse_endpoint("s3.example.com:443", false).host
             == "s3.example.com:443");
  BOOST_TEST(s3::parse_endpoint("minio:80", false).host == "minio");
}

BOOST_AUTO_TEST_CASE(an_upload_signs_type_hash_and_date) {
  s3::endpoint where{"http", "minio:9000"};
  auto headers = s3::signer{minio}.sign_request(
    where, "PUT", "/b/k", june_2025, "UNSIGNED-PAYLOAD", "audio/mpeg");
  BOOST_REQUIRE_EQUAL(headers.size(), 4u);
  BOOST_TEST(headers.back().value.find(
               "SignedHeaders=content-type;host;x-amz-content-sha256;"
               "x-amz-date, Signature=")
             != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(s3_policy)

BOOST_AUTO_TEST_CASE(answers_are_judged_by_status_and_code) {
  using s3::next_move;
  auto move = [](const result<http_response>& x) {
    return s3::judge("upload output/x", x).move;
  };
  BOOST_TEST((move(answer(200)) == next_move::done));
  BOOST_TEST((move(answer(503, xml("SlowDown"))) == next_move::retry));
  BOOST_TEST(
    (move(answer(404, xml("NoSuchBucket"))) == next_move::create_bucket));
  BOOST_TEST(
    (move(answer(403, xml("SignatureDoesNotMatch"))) == next_move::give_up));
  BOOST_TEST(
    (move(fail(failure_kind::unavailable, "no route")) == next_move::retry));
  BOOST_TEST(
    (move(fail(failure_kind::outcome_unknown, "cut")) == next_move::retry));
  BOOST_TEST((move(fail(failure_kind::aborted, "over")) == next_move::give_up));
}

BOOST_AUTO_TEST_CASE(an_error_text_has_code_message_and_advice) {
  auto why = s3::judge("upload output/x",
                       answer(403, xml("RequestTimeTooSkewed")))
               .why;
  BOOST_TEST((why.kind == failure_kind::unfit));
  BOOST_TEST(why.message
             == "upload output/x: HTTP 403 RequestTimeTooSkewed: It is so. "
                "(the clock of this machine is wrong)");
}

BOOST_AUTO_TEST_CASE(a_result_name_is_no_path) {
  BOOST_TEST(*s3::object_key("a.mp3") == "output/a.mp3");
  for (auto* name : {"", ".", "..", "a/b", "../x"})
    BOOST_TEST(!s3::object_key(name).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
