// Redis replies to records and back, whatever stands in Redis.
#include "actors/io/redis/durable/replay.hpp"
#include "actors/io/redis/link/command.hpp"
#include "actors/io/redis/scripts/ask_owner.hpp"
#include "actors/io/redis/scripts/claimed_jobs.hpp"
#include "actors/io/redis/scripts/peek.hpp"
#include "actors/io/redis/scripts/settle.hpp"
#include "messages/text/json.hpp"
#include "messages/text/utf8.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::job_store;

namespace {

reply text(std::string x) {
  return reply::of(std::move(x));
}

reply number(int64_t x) {
  return reply::of(x);
}

reply array(std::vector<reply> xs) {
  return reply::of(std::move(xs));
}

reply entry(const std::string& type = "csm",
            const std::string& created = "1700000000",
            const std::string& complete_by = "1700000900.5",
            const std::string& max_time = "1200") {
  return array({text("id"), number(1), text(type), text(created),
                text(complete_by), text(max_time), text("{}")});
}

} // namespace

BOOST_AUTO_TEST_SUITE(numbers)

BOOST_AUTO_TEST_CASE(are_read_as_python_writes_them) {
  BOOST_TEST(*parse_number("1700000000") == 1'700'000'000);
  BOOST_TEST(*parse_number("1700000000.123") == 1'700'000'000.123);
  BOOST_TEST(*parse_number("1.7e9") == 1.7e9);
  BOOST_TEST(*parse_number(" -3 \n") == -3);
}

BOOST_AUTO_TEST_CASE(are_nothing_else) {
  for (auto* x : {"", " ", "nan", "inf", "-inf", "1e999", "12abc", "0x10",
                  "1,5", "soon", "1 2", "None"})
    BOOST_TEST(!parse_number(x), x);
}

BOOST_AUTO_TEST_CASE(are_written_without_an_exponent) {
  BOOST_TEST(number_text(1'700'000'000) == "1700000000");
  BOOST_TEST(number_text(0.5) == "0.5");
  BOOST_TEST(number_text(1e21) == "1000000000000000000000");
  for (auto x : {0.1, 1e-7, 1'700'000'000.123456, 1e300})
    BOOST_TEST(*parse_number(number_text(x)) == x);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(text_becomes_valid_utf8_and_keeps_what_is_valid) {
  const std::string mark = "\xEF\xBF\xBD";
  for (auto* x :
       {"", "plain", "gr\xC3\xBC\xC3\x9F", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"})
    BOOST_TEST(valid_utf8(x) == x);
  BOOST_TEST(valid_utf8("a\xFFz") == "a" + mark + "z");
  BOOST_TEST(valid_utf8("\xC0\xAF") == mark + mark);
  BOOST_TEST(valid_utf8("\xED\xA0\x80") == mark + mark + mark);
  BOOST_TEST(valid_utf8("\xE2\x82") == mark + mark);
  BOOST_TEST(valid_utf8("\xF4\x90\x80\x80") == mark + mark + mark + mark);
}

BOOST_AUTO_TEST_SUITE(a_job_entry)

BOOST_AUTO_TEST_CASE(becomes_a_job) {
  auto x = read_job(entry());
  BOOST_TEST(x.unread.empty());
  BOOST_TEST(x.subject.id == "id");
  BOOST_TEST(x.subject.type == "csm");
  BOOST_TEST(x.subject.attempt == 1u);
  BOOST_TEST(x.subject.created_at_s == 1'700'000'000);
  BOOST_TEST(x.subject.complete_by_s == 1'700'000'900.5);
  BOOST_TEST(x.subject.max_time_s == 1'200);
  BOOST_TEST(x.subject.data == "{}");
}

BOOST_AUTO_TEST_CASE(may_lack_fields) {
  auto x = read_job(array({text("id"), number(0)}));
  BOOST_TEST(x.unread.empty());
  BOOST_TEST(x.subject.complete_by_s == 0);
  BOOST_TEST(read_job(reply{}).subject.id.empty());
  auto nil = read_job(array(
    {text("id"), number(1), reply{}, reply{}, reply{}, reply{}, reply{}}));
  BOOST_TEST(nil.unread.empty());
  BOOST_TEST(is_recordless(nil.subject));
}

BOOST_AUTO_TEST_CASE(has_the_span_of_its_producer_or_none) {
  const std::string good
    = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  auto trace_of = [](reply parent, reply state) {
    auto all = entry();
    all.elements.resize(11);
    all.elements.push_back(std::move(parent));
    all.elements.push_back(std::move(state));
    return read_job(std::move(all)).subject.trace;
  };
  auto x = trace_of(text(good), text("a=1"));
  BOOST_TEST(traceparent_of(x) == good);
  BOOST_TEST(x.state == "a=1");
  BOOST_TEST(traceparent_of(trace_of(text(good), {})) == good);
  BOOST_TEST(trace_of(text(good), text("\r\nx: y")).state == "");
  for (auto& bad :
       {text(good + "..."), text("nonsense"), text(""), reply{}, number(5)})
    BOOST_TEST((trace_of(bad, text("a=1")) == span_context{}));
}

BOOST_AUTO_TEST_CASE(with_a_time_that_is_none_counts_as_without_it) {
  auto x = read_job(entry("csm", "x", "tomorrow", "nan"));
  BOOST_TEST(x.subject.created_at_s == 0);
  BOOST_TEST(x.subject.complete_by_s == 0);
  BOOST_TEST(x.subject.max_time_s == 0);
  // When it was made matters to nobody.
  BOOST_REQUIRE(x.unread.size() == 2u);
  BOOST_TEST(x.unread[0]
             == R"(complete_by: got "tomorrow", accepted is a number of )"
                "seconds; it counts as absent");
  BOOST_TEST(x.unread[1].starts_with("max_time: got \"nan\""));
  BOOST_TEST(read_job(entry("csm", "1", "2", "\xFF")).unread.size() == 1u);
}

BOOST_AUTO_TEST_CASE(has_times_as_python_reads_them) {
  auto x = read_job(entry("csm", "1", " +1_700_000_000 ", "3e2"));
  BOOST_TEST(x.unread.empty());
  BOOST_TEST(x.subject.complete_by_s == 1'700'000'000);
  BOOST_TEST(x.subject.max_time_s == 300);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(the_answer_to_a_claim)

BOOST_AUTO_TEST_CASE(holds_jobs_rejects_and_what_was_dropped) {
  auto x = read_claim(
    array({number(7), array({entry(), entry("csm", "1", "soon")}),
           array({array({text("expired"), entry()}),
                  array({text("type"), entry("teleport")}),
                  array({text("missing"), array({text("id")})}), text("junk")}),
           array({text("gone")}), text("last"), text("0 7 a b")}));
  BOOST_REQUIRE(x);
  BOOST_TEST(x->queue_length == 7u);
  BOOST_TEST(x->jobs.size() == 2u);
  BOOST_REQUIRE(x->remarks.size() == 1u);
  BOOST_TEST(x->remarks[0].first == "id");
  BOOST_TEST(x->remarks[0].second.find("complete_by") == 0u);
  BOOST_REQUIRE(x->unfit.size() == 3u);
  BOOST_TEST(x->unfit[0].reason.message
             == "Job expired before processing could begin");
  BOOST_TEST((x->unfit[0].reason.kind == failure_kind::deadline_passed));
  BOOST_TEST(x->unfit[1].reason.message.find(R"(Unknown job type: "teleport")")
             == 0u);
  BOOST_TEST(x->unfit[2].reason.message.find("job record missing") == 0u);
  BOOST_TEST(x->dropped.front() == "gone");
  BOOST_TEST((x->walk.value() == ended_walk{"last", "0 7 a b"}));
}

BOOST_AUTO_TEST_CASE(is_a_failure_when_it_is_none) {
  for (auto& x : {reply{}, text("OK"), number(1), array({}),
                  array({number(1), array({}), array({})})}) {
    auto got = read_claim(x);
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().kind == failure_kind::internal));
  }
  auto got = read_claim(reply::error("LOADING Redis is loading"));
  BOOST_REQUIRE(!got);
  BOOST_TEST((got.error().kind == failure_kind::unavailable));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(a_look_tells_long_data_from_none) {
  auto with_data = [](reply data) {
    return array({text("id"), number(0), text("csm"), text("1"), text("2"),
                  text("3"), std::move(data)});
  };
  auto x = read_peek(
    array({number(3),
           array({with_data(text("{}")), with_data(number(9)), with_data({})}),
           array({number(1), number(4)})}));
  BOOST_REQUIRE(x);
  BOOST_TEST(x->seen.queue_length == 3u);
  BOOST_TEST(x->seen.waiting[0].data == "{}");
  BOOST_TEST(x->seen.waiting[1].data.empty());
  BOOST_TEST(x->seen.waiting[2].data == "null");
  BOOST_TEST(x->seen.known == (std::vector<uint32_t>{1, 4}));
}

BOOST_AUTO_TEST_CASE(ownership_is_read) {
  auto x = read_owner(array({number(1), text("running")}));
  BOOST_TEST(x->ours);
  BOOST_TEST(x->status == "running");
  auto gone = read_owner(array({number(0), reply{}}));
  BOOST_TEST(!gone->ours);
  BOOST_TEST(gone->status.empty());
  BOOST_TEST(!read_owner(text("x")));
}

BOOST_AUTO_TEST_CASE(a_settling_brings_one_webhook_or_none) {
  auto none = read_settle(array({array({number(0), array({})})}));
  BOOST_TEST(!none->written);
  BOOST_TEST(!none->webhook.has_value());
  auto one = read_settle(
    array({array({number(1), array({text("2"), text("1700000000000")})})}));
  BOOST_TEST(one->written);
  BOOST_REQUIRE(one->webhook.has_value());
  BOOST_TEST(one->webhook->attempts == 2u);
  BOOST_TEST(one->webhook->created_ms == 1'700'000'000'000);
  BOOST_TEST(!read_settle(array({})));
  BOOST_TEST(!read_settle(array({reply::error("WRONGTYPE no")})));
  BOOST_TEST(!read_settle(number(1)));
}

BOOST_AUTO_TEST_CASE(commands_are_joined_when_they_begin_alike) {
  static const auto lua = make_script("some", "return 1");
  auto call = [](std::string key, std::string head, std::string item) {
    return make_command(
      script_call{&lua, {std::move(key)}, {std::move(head), item, item}, 1});
  };
  auto all = call("k", "w", "a");
  auto one_more = call("k", "w", "b");
  BOOST_REQUIRE(join(all, one_more));
  BOOST_TEST(all.args
             == (std::vector<std::string>{"EVALSHA", lua.sha1, "1", "k", "w",
                                          "a", "a", "b", "b"}));
  auto before = all.args;
  auto other_key = call("l", "w", "c");
  auto other_head = call("k", "v", "c");
  auto alone = make_command(script_call{&lua, {"k"}, {"w", "c", "c"}});
  for (auto* x : {&other_key, &other_head, &alone}) {
    auto args = x->args;
    BOOST_TEST(!join(all, *x));
    BOOST_TEST(x->args == args);
  }
  BOOST_TEST(!join(alone, all));
  BOOST_TEST(all.args == before);
}

BOOST_AUTO_TEST_CASE(a_claim_says_what_is_wrong_with_a_record) {
  auto flawed = [](reply flaw) {
    return array({text("id"),
                  number(1),
                  text("csm"),
                  text("1"),
                  text("2"),
                  text("3"),
                  text("{}"),
                  number(1),
                  {},
                  {},
                  std::move(flaw)});
  };
  auto x = read_claim(
    array({number(7), array({}),
           array({array({text("fence"), flawed(text("1e300"))}),
                  array({text("data"), flawed(number(450'000'000))})}),
           array({}), text(""), text(""), number(12)}));
  BOOST_REQUIRE(x);
  BOOST_TEST(x->removed == 12u);
  BOOST_REQUIRE(x->unfit.size() == 2u);
  BOOST_TEST(x->unfit[0].reason.message
             == "fence: got \"1e300\", accepted is a whole number from 0 to "
                "2^53, or none");
  BOOST_TEST(x->unfit[1].reason.message
             == "data: got 450000000 bytes, accepted is at most 1048576");
  BOOST_TEST((x->unfit[0].reason.kind == failure_kind::invalid_input));
}

BOOST_AUTO_TEST_CASE(of_a_history_the_last_lines_are_kept) {
  std::string lines;
  for (auto i = 0; i < 5'000; ++i)
    lines += std::to_string(i) + "\n";
  auto x = read_job(
    array({text("id"), number(1), {}, {}, {}, {}, {}, {}, text(lines)}));
  BOOST_REQUIRE(x.subject.history.size() == 20u);
  BOOST_TEST(x.subject.history.back() == "4999");
}

BOOST_AUTO_TEST_CASE(a_look_counts_by_type) {
  auto x = read_peek(
    array({number(5'000), array({}), array({}), text("4900 0 7 100")}));
  BOOST_REQUIRE(x);
  BOOST_TEST(by_type(x->counted)["csm"] == 4'900u);
  BOOST_TEST(by_type(x->counted)["portrait"] == 7u);
  BOOST_TEST(by_type(x->counted)["analyze"] == 100u);
}

BOOST_AUTO_TEST_CASE(a_look_tells_where_the_count_goes_on) {
  auto count = [](const std::string& rest) {
    auto x = read_peek(array(
      {number(5'000), array({}), array({}), text("4900 0 7 100"), text(rest)}));
    BOOST_REQUIRE(x);
    BOOST_TEST(!x->counted.complete);
    BOOST_TEST(x->counted.last_id == "id");
    return x->counted.ids;
  };
  BOOST_TEST(count("4900 id") == 4'900u);
  // No whole number of ids that there could be.
  for (auto* wrong : {"-1 id", "x id", "99999999999999999999999 id"})
    BOOST_TEST(count(wrong) == 0u, wrong);
}

BOOST_AUTO_TEST_CASE(the_version_is_found) {
  BOOST_TEST(*decode_version(text("# Server\r\nredis_version:7.0.15\r\nx:1"))
             == "7.0.15");
  BOOST_TEST(!decode_version(text("nothing")));
  BOOST_TEST(!decode_version(reply::error("NOAUTH x")));
}

BOOST_AUTO_TEST_CASE(an_outage_is_told_from_a_bug) {
  for (auto* x :
       {"LOADING Redis is loading", "OOM command not allowed", "READONLY x",
        "NOAUTH Authentication required.", "ERR max number of clients reached",
        "ERR Error running script: -OOM command not allowed when used memory",
        "MISCONF x"})
    BOOST_TEST((failure_of(x).kind == failure_kind::unavailable), x);
  for (auto* x : {"ERR unknown command", "WRONGTYPE x", "ERR OOMPH"})
    BOOST_TEST((failure_of(x).kind == failure_kind::internal), x);
}

BOOST_AUTO_TEST_SUITE(the_webhook_body)

BOOST_AUTO_TEST_CASE(has_the_fields_of_the_contract_and_no_others) {
  job x;
  x.id = "j";
  job_outcome url;
  url.result_url = "http://s/a.mp3";
  BOOST_TEST(
    webhook_body(x, url)
    == R"({"id":"j","status":"success","result_url":"http://s/a.mp3"})");
  job_outcome said;
  said.text = "hello";
  BOOST_TEST(webhook_body(x, said)
             == R"({"id":"j","status":"success","text":"hello"})");
  auto failed = failed_outcome({failure_kind::rejected, "no"});
  BOOST_TEST(webhook_body(x, failed)
             == R"({"id":"j","status":"failed","error":"no"})");
  failed.result_url = "http://s/a.mp3";
  BOOST_TEST(webhook_body(x, failed)
             == R"({"id":"j","status":"failed","error":"no",)"
                R"("result_url":"http://s/a.mp3"})");
}

BOOST_AUTO_TEST_CASE(is_valid_json_whatever_was_said) {
  job x;
  x.id = "j\"\n";
  job_outcome said;
  said.text = "quote \" slash \\ line \n null \x01 bad \xFF";
  auto body = webhook_body(x, said);
  BOOST_TEST(json::parse(body).has_value());
  BOOST_TEST(valid_utf8(body) == body);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_job_that_an_earlier_process_left)

BOOST_AUTO_TEST_CASE(an_end_is_kept_for_ten_minutes_or_a_day) {
  held_job x;
  x.subject.data = R"({"notify_url":"http://n/h"})";
  x.changed_s = 1'000;
  // It has not ended.
  BOOST_TEST(!may_be_forgotten(x, 1e9));
  x.settled = 1;
  auto delivered = x;
  delivered.delivery.emplace();
  auto silent = x;
  silent.subject.data = "{}";
  for (auto* y : {&delivered, &silent}) {
    BOOST_TEST(!may_be_forgotten(*y, 1'000 + 599));
    BOOST_TEST(may_be_forgotten(*y, 1'000 + 600));
  }
  BOOST_TEST(!may_be_forgotten(x, 1'000 + 600));
  // Asked each minute, it reads the data once.
  x.subject.data = "{}";
  for (auto age_s : {660, 86'399})
    BOOST_TEST(!may_be_forgotten(x, 1'000 + age_s));
  BOOST_TEST(may_be_forgotten(x, 1'000 + 86'400));
}

BOOST_AUTO_TEST_CASE(is_looked_at_once_more_or_ended_or_forgotten) {
  held_job running;
  running.claimed = 3;
  BOOST_TEST((after_restore(restore_answer::known, running, false)
              == replay_step::keep));
  BOOST_TEST((after_restore(restore_answer::restored, running, false)
              == replay_step::keep));
  BOOST_TEST((after_restore(restore_answer::known, running, true)
              == replay_step::forget));

  auto unsettled = running;
  unsettled.outcome = failed_outcome({failure_kind::internal, "no"});
  auto settled = unsettled;
  settled.settled = 4;
  auto undelivered = settled;
  undelivered.delivery = held_delivery{"delivered", 1, {}, 0};
  auto delivered = undelivered;
  delivered.delivery->confirmed = 5;
  for (bool again : {false, true}) {
    auto step = [again](restore_answer said, const held_job& x) {
      return after_restore(said, x, again);
    };
    BOOST_TEST(
      (step(restore_answer::known, unsettled) == replay_step::end_again));
    BOOST_TEST((step(restore_answer::known, settled) == replay_step::forget));
    BOOST_TEST(
      (step(restore_answer::known, undelivered) == replay_step::deliver_again));
    BOOST_TEST((step(restore_answer::known, delivered) == replay_step::forget));
    for (auto* x : {&unsettled, &settled, &undelivered, &delivered})
      BOOST_TEST(
        (step(restore_answer::restored, *x) == replay_step::end_again));
    for (auto* x : {&running, &unsettled, &settled, &undelivered, &delivered})
      BOOST_TEST((step(restore_answer::taken, *x) == replay_step::forget));
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(the_next_look_at_leases)

BOOST_AUTO_TEST_CASE(is_when_the_first_of_them_runs_out_within_limits) {
  using namespace std::chrono_literals;
  BOOST_TEST((until_next_look(21'437, 1s, 30s) == 21'437ms));
  BOOST_TEST((until_next_look(0, 1s, 30s) == 1s));
  BOOST_TEST((until_next_look(86'400'000, 1s, 30s) == 30s));
  // None is there: one that begins now is the first.
  BOOST_TEST((until_next_look(-1, 1s, 30s) == 30s));
  // A lease that is shorter than the least time.
  BOOST_TEST((until_next_look(0, 1s, 200ms) == 200ms));
}

BOOST_AUTO_TEST_SUITE_END()
