// What may be delivered of the outbox.
#include "actors/io/redis/scripts/take_webhooks.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::job_store;

namespace {

const std::string key = "of the fleet";
const std::string data = R"({"notify_url":"http://r.example/h"})";

/// Of a job that failed, as this version writes it.
outbox_entry entry() {
  outbox_entry x;
  x.entry.job_id = "j";
  x.entry.id = "msg_j";
  x.entry.url = "http://r.example/h";
  x.entry.body = R"({"id":"j","status":"failed","error":"why"})";
  x.entry.attempts = 2;
  x.entry.created_ms = 5;
  x.mac = webhook_mac(key, x.entry);
  x.state = "failed";
  x.data = data;
  x.error = "why";
  return x;
}

outbox_entry without_mac() {
  auto x = entry();
  x.mac.clear();
  return x;
}

} // namespace

BOOST_AUTO_TEST_CASE(ours_is_delivered_byte_for_byte) {
  for (auto* state : {"failed", "success", "open", "ended"}) {
    auto x = entry();
    x.state = state;
    auto got = trusted(x, key);
    BOOST_REQUIRE(got && *got);
    BOOST_TEST((**got == x.entry));
  }
  auto gone = entry();
  gone.state = "missing";
  gone.data.clear();
  auto got = trusted(gone, key);
  BOOST_REQUIRE(got && *got);
  BOOST_TEST((**got == gone.entry));
}

BOOST_AUTO_TEST_CASE(of_an_older_version_the_body_is_made_anew) {
  auto x = without_mac();
  auto got = trusted(x, key);
  BOOST_REQUIRE(got && *got);
  BOOST_TEST((**got == x.entry));
}

BOOST_AUTO_TEST_CASE(a_forged_body_or_url_is_never_sent) {
  for (auto forge : {+[](outbox_entry& x) {
                       x.entry.body = R"({"id":"j","status":"success"})";
                     },
                     +[](outbox_entry& x) {
                       x.entry.url = "http://thief.example/";
                     },
                     +[](outbox_entry& x) {
                       x.entry.id = "msg_of_another\r\nx: y";
                       x.mac.clear();
                     },
                     +[](outbox_entry& x) {
                       x.mac = std::string(64, '0');
                       x.entry.url = "http://thief.example/";
                     }}) {
    auto x = entry();
    forge(x);
    auto got = trusted(x, key);
    BOOST_REQUIRE(got && *got);
    BOOST_TEST((**got == entry().entry));
  }
}

BOOST_AUTO_TEST_CASE(a_forged_entry_without_a_record_is_refused) {
  auto x = without_mac();
  x.state = "missing";
  x.data.clear();
  auto got = trusted(x, key);
  BOOST_REQUIRE(!got);
  BOOST_TEST((got.error().kind == failure_kind::rejected));
}

BOOST_AUTO_TEST_CASE(a_record_that_wants_no_webhook_gets_none) {
  auto x = entry();
  x.data = R"({"text":"hi"})";
  BOOST_TEST(!trusted(x, key));
  x.mac.clear();
  BOOST_TEST(!trusted(x, key));
}

BOOST_AUTO_TEST_CASE(of_a_job_that_runs_anew_it_waits) {
  auto x = without_mac();
  x.state = "open";
  auto got = trusted(x, key);
  BOOST_REQUIRE(got);
  BOOST_TEST(!got->has_value());
  x.state = "ended"; // By a front end.
  BOOST_TEST(!trusted(x, key));
}

BOOST_AUTO_TEST_CASE(what_is_not_signed_goes_as_it_is_without_a_record) {
  auto x = without_mac();
  x.state = "missing";
  x.data.clear();
  auto got = trusted(x, {});
  BOOST_REQUIRE(got && *got);
  BOOST_TEST((**got == x.entry));
  BOOST_TEST(webhook_mac({}, x.entry).empty());
}

BOOST_AUTO_TEST_CASE(a_result_is_told_as_it_was_settled) {
  auto x = without_mac();
  x.state = "success";
  x.result = "the text";
  auto got = trusted(x, key);
  BOOST_REQUIRE(got && *got);
  BOOST_TEST((*got)->body
             == R"({"id":"j","status":"success","text":"the text"})");
  x.result_url = "http://s/x";
  got = trusted(x, key);
  BOOST_TEST((*got)->body
             == R"({"id":"j","status":"success","result_url":"http://s/x"})");
}

BOOST_AUTO_TEST_CASE(taken_entries_are_read) {
  auto text = [](std::string x) {
    return reply::of(std::move(x));
  };
  auto record = reply::of(
    std::vector<reply>{text("failed"), text(data), {}, text("why"), {}, {}});
  std::vector<reply> entry{text("j"),     text("msg_j"), text("http://r"),
                           text("{}"),    text("-1"),    text("1e99"),
                           text("a mac"), record};
  auto traced = entry;
  traced.push_back(
    text("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
  traced.push_back(text("a=1"));
  auto with_trace = read_webhooks(
    reply::of(std::vector<reply>{reply::of(std::move(traced))}));
  BOOST_REQUIRE(with_trace && with_trace->size() == 1u);
  BOOST_TEST((*with_trace)[0].entry.trace.span == 0xb7ad6b7169203331u);
  BOOST_TEST((*with_trace)[0].entry.trace.state == "a=1");
  auto x = read_webhooks(
    reply::of(std::vector<reply>{reply::of(std::move(entry)), text("junk")}));
  BOOST_REQUIRE(x && x->size() == 1u);
  BOOST_TEST((*x)[0].entry.job_id == "j");
  BOOST_TEST((*x)[0].entry.attempts == 0u);
  BOOST_TEST((*x)[0].entry.created_ms == 0);
  BOOST_TEST((*x)[0].mac == "a mac");
  BOOST_TEST((*x)[0].state == "failed");
  BOOST_TEST((*x)[0].error == "why");
  BOOST_TEST(!(*x)[0].entry.trace);
  BOOST_TEST(!read_webhooks(reply::error("ERR x")));
}
