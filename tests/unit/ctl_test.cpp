// How c3ctl reads its settings and shows records.
#include "app/ctl/context.hpp"
#include "app/ctl/record_text.hpp"
#include "app/ctl/trace_line.hpp"
#include "app/ctl/webhook_check.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::ctl;

namespace {

// The example of the Standard Webhooks specification.
constexpr auto secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr auto body = R"({"test": 2432232314})";
constexpr double sent = 1614265330;

webhook_headers signed_headers() {
  return {"msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
          "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="};
}

std::string flaw(const webhook_headers& got, double now = sent) {
  return signature_flaw(*webhook_sender::parse_secrets(secret), got, body, now);
}

} // namespace

BOOST_AUTO_TEST_SUITE(ctl_record_text)

BOOST_AUTO_TEST_CASE(a_running_job_shows_percent_and_stage) {
  BOOST_TEST(progress_line({{"status", "queued"}}) == "queued");
  BOOST_TEST(
    progress_line(
      {{"status", "running"}, {"progress", "0.454"}, {"stage", "fetch"}})
    == "running 45 % fetch");
}

BOOST_AUTO_TEST_CASE(garbage_in_a_record_is_shown_and_does_no_harm) {
  BOOST_TEST(
    progress_line(
      {{"status", "running"}, {"progress", "soon"}, {"stage", "a\x1b[2J"}})
    == "running 0 % a [2J");
  BOOST_TEST(progress_line({{"status", "running"}, {"progress", "1e99"}})
             == "running 100 %");
  BOOST_TEST(number_field({{"created_at", "nan"}}, "created_at") == 0);
}

BOOST_AUTO_TEST_CASE(a_bar_is_as_full_as_the_fraction) {
  BOOST_TEST(progress_bar(0) == "[--------------------]   0 %");
  BOOST_TEST(progress_bar(0.5) == "[##########----------]  50 %");
  BOOST_TEST(progress_bar(7) == "[####################] 100 %");
}

BOOST_AUTO_TEST_CASE(spans_have_at_most_two_units) {
  BOOST_TEST(span_text(-3) == "0 s");
  BOOST_TEST(span_text(59.9) == "59 s");
  BOOST_TEST(span_text(60) == "1 min");
  BOOST_TEST(span_text(3599) == "59 min 59 s");
  BOOST_TEST(span_text(7260) == "2 h 1 min");
  BOOST_TEST(span_text(90'000) == "1 d 1 h");
}

BOOST_AUTO_TEST_CASE(json_of_a_record_has_numbers_and_the_data_object) {
  record x{{"id", "7"},
           {"created_at", "1700000000"},
           {"max_time", "soon"},
           {"data", R"({"text":"Hi"})"}};
  BOOST_TEST(record_json(x)
             == R"({"created_at":1700000000,"data":{"text":"Hi"},"id":"7",)"
                R"("max_time":"soon"})");
  BOOST_TEST(record_json({{"data", "[1"}}) == R"({"data":"[1"})");
}

BOOST_AUTO_TEST_CASE(a_table_says_when_and_how_long_ago) {
  auto text = record_table({{"created_at", "0.5"}, {"id", "x"}, {"zoo", "y"}},
                           3600.5);
  BOOST_TEST(text
             == "id            x\n"
                "created_at    1970-01-01 00:00:00 UTC (1 h ago)\n"
                "zoo           y\n");
}

BOOST_AUTO_TEST_CASE(a_table_shows_a_notice_before_the_result) {
  BOOST_TEST(record_table({{"notice", "n"}, {"result", "r"}, {"data", "{}"}}, 0)
             == "notice        n\n"
                "result        r\n"
                "data          {}\n");
}

BOOST_AUTO_TEST_CASE(a_receipt_is_shown_in_words_and_as_json) {
  std::string receipt = R"({"seconds":3.5,"own_s":1.25,"boot_s":2,)"
                        R"("idle_s":0.25,"usd":0.001,"gpus":[]})";
  auto text = record_table({{"receipt", receipt}}, 0);
  BOOST_TEST(text.find("3.500 s of GPUs (own 1.250 s, boot 2.000 s, idle 0.250 "
                       "s), $0.001000")
             != std::string::npos);
  BOOST_TEST(record_json({{"receipt", receipt}})
             == R"({"receipt":)" + receipt + "}");
  BOOST_TEST(record_table({{"receipt", "odd\x1b"}}, 0).find("odd")
             != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_holder_whose_lock_is_gone_is_called_dead) {
  record x{{"locked_by", "w1"}};
  BOOST_TEST(holder_text(x, true) == "w1");
  BOOST_TEST(holder_text(x, false).starts_with("w1 (dead lock"));
  BOOST_TEST(holder_text({}, false).empty());
}

BOOST_AUTO_TEST_CASE(only_lower_case_uuids_are_job_ids) {
  BOOST_TEST(is_uuid("0a1b2c3d-0000-4000-8000-000000000001"));
  BOOST_TEST(!is_uuid("0A1B2C3D-0000-4000-8000-000000000001"));
  BOOST_TEST(!is_uuid("0a1b2c3d00000-4000-8000-000000000001"));
  BOOST_TEST(!is_uuid("0a1b2c3d-0000-4000-8000-00000000000"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(ctl_trace_line)

BOOST_AUTO_TEST_CASE(times_that_are_none_leave_a_job_out) {
  BOOST_TEST(make_trace_line({"csm", "1", "2", "3", ""}).has_value());
  for (std::string odd : {"1e300", "0x1p3", "inf", "nan", "-1", "0", "4 x"}) {
    auto got = make_trace_line({"csm", "1", "2", odd, ""});
    BOOST_TEST_REQUIRE(!got, odd);
    BOOST_TEST(got.error().message == "unreadable times");
  }
  BOOST_TEST(!make_trace_line({"csm", "1", "2", {"3\0x", 3}, ""}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(ctl_settings)

BOOST_AUTO_TEST_CASE(redis_is_found_by_the_workers_variables) {
  auto got = make_context({{"REDIS_HOST", "db"},
                           {"REDIS_PORT", "7000"},
                           {"REDIS_PASSWORD", "p"},
                           {"REDIS_DB", "3"}});
  BOOST_REQUIRE(got);
  BOOST_TEST(got->where.host == "db");
  BOOST_TEST(got->where.port == 7000);
  BOOST_TEST(got->where.password == "p");
  BOOST_TEST(got->where.db == 3u);
  BOOST_TEST(make_context({})->where.host == "localhost");
}

BOOST_AUTO_TEST_CASE(redis_may_be_found_by_sentinels) {
  auto got = make_context({{"REDIS_SENTINELS", "a:1,b:2"},
                           {"REDIS_SENTINEL_MASTER", "jobs"},
                           {"REDIS_SENTINEL_PASSWORD", "s"}});
  BOOST_REQUIRE(got);
  BOOST_REQUIRE(got->where.sentinels.size() == 2u);
  BOOST_TEST(got->where.sentinels[1].host == "b");
  BOOST_TEST(got->where.sentinels[1].port == 2);
  BOOST_TEST(got->where.sentinel_master == "jobs");
  BOOST_TEST(got->where.sentinel_password == "s");
}

BOOST_AUTO_TEST_CASE(a_wrong_variable_is_named) {
  auto got = make_context({{"REDIS_PORT", "soon"}});
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().message.starts_with("REDIS_PORT must be"));
  BOOST_TEST(got.error().message.find("\"soon\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(addresses_are_host_and_port) {
  std::string host;
  uint16_t port = 6379;
  BOOST_TEST(parse_address("db", host, port).has_value());
  BOOST_TEST(host == "db");
  BOOST_TEST(port == 6379);
  BOOST_TEST(parse_address("[::1]:7000", host, port).has_value());
  BOOST_TEST(host == "::1");
  BOOST_TEST(port == 7000);
  for (auto* bad : {"", ":1", "db:", "db:0", "db:x", "db:65536", "db:1x"})
    BOOST_TEST(!parse_address(bad, host, port).has_value(), bad);
  BOOST_TEST(parse_address("127.0.0.1:0", host, port, true).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(ctl_webhook_check)

BOOST_AUTO_TEST_CASE(the_example_of_the_specification_is_valid) {
  BOOST_TEST(flaw(signed_headers()) == "");
}

BOOST_AUTO_TEST_CASE(one_fitting_signature_of_several_is_enough) {
  auto x = signed_headers();
  x.signature = "v1,AAAA v2,zzzz " + x.signature;
  BOOST_TEST(flaw(x) == "");
}

BOOST_AUTO_TEST_CASE(what_was_changed_or_is_old_is_refused) {
  auto other_id = signed_headers();
  other_id.id += "x";
  BOOST_TEST(flaw(other_id) == "wrong signature");
  auto other_time = signed_headers();
  other_time.timestamp = "1614265331";
  BOOST_TEST(flaw(other_time) == "wrong signature");
  BOOST_TEST(flaw(signed_headers(), sent + 301)
             == "webhook-timestamp is more than 5 minutes off");
  BOOST_TEST(flaw(signed_headers(), sent + 299) == "");
  auto no_time = signed_headers();
  no_time.timestamp = "now";
  BOOST_TEST(flaw(no_time) == "webhook-timestamp is no number of seconds");
  BOOST_TEST(flaw({}) == "not signed");
}

BOOST_AUTO_TEST_SUITE_END()
