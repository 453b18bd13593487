// The JOB STORE against a real redis-server: a long queue, or one with elements
// that are no ids, costs neither of them much.
#include "actors/io/redis/link/command.hpp"
#include "actors/io/redis/scripts/count.hpp"
#include "tests/integration/redis_store.hpp"

using namespace render;
using namespace std::chrono_literals;

namespace {

struct big_queue : harness::redis_store {
  /// Scripts that Redis has been asked to run.
  int64_t scripts_run() {
    auto stats = redis.cmd("INFO", "commandstats").text;
    int64_t out = 0;
    for (const std::string mark :
         {"cmdstat_evalsha:calls=", "cmdstat_eval:calls="})
      if (auto at = stats.find(mark); at != std::string::npos)
        out += std::stoll(stats.substr(at + mark.size()));
    return out;
  }

  /// Three csm jobs for each analyze job, at once.
  void push_fast(int count) {
    redis.cmd("EVAL", R"lua(
      for i = 1, tonumber(ARGV[1]) do
        redis.call('HSET', 'job:c' .. i, 'status', 'queued', 'type',
                   i % 4 == 0 and 'analyze' or 'csm', 'data', '{}')
        redis.call('RPUSH', 'queue:jobs', 'c' .. i)
      end)lua",
              "0", std::to_string(count));
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_big_queue, big_queue)

// A script that walks the whole queue would hold up all other commands.
BOOST_AUTO_TEST_CASE(a_long_queue_is_counted_a_thousand_at_a_time) {
  push_fast(10'000);
  redis.cmd("CONFIG", "RESETSTAT");
  auto seen = ask<msg::queue_snapshot>(store, msg::peek_queue{});
  BOOST_REQUIRE(seen);
  BOOST_TEST(seen->waiting.size() == 100u);
  BOOST_TEST(seen->waiting_by_type["csm"] == 7'500u);
  BOOST_TEST(seen->waiting_by_type["analyze"] == 2'500u);
  BOOST_TEST(scripts_run() >= 10);
  // The count is kept for others.
  redis.cmd("CONFIG", "RESETSTAT");
  seen = ask<msg::queue_snapshot>(spawn("worker-b"), msg::peek_queue{});
  BOOST_REQUIRE(seen);
  BOOST_TEST(seen->waiting_by_type["csm"] == 7'500u);
  BOOST_TEST(scripts_run() < 8);
}

BOOST_AUTO_TEST_CASE(a_count_goes_on_where_it_was_while_jobs_leave) {
  push_fast(2'500);
  job_store::count_args what;
  what.now_s = 1'700'000'000;
  what.so_far.complete = false;
  auto next = [&] {
    auto got
      = redis.cmd_list(job_store::make_ordered_command(call_of(what)).args);
    what.so_far = {got.elements.at(0).text, got.elements.at(3).integer != 0,
                   static_cast<uint64_t>(got.elements.at(1).integer),
                   got.elements.at(2).text};
    return what.so_far.counts;
  };
  BOOST_TEST(next() == "750 0 0 250");
  redis.cmd("LTRIM", "queue:jobs", "20", "-1");
  BOOST_TEST(next() == "1500 0 0 500");
  BOOST_TEST(!what.so_far.complete);
  BOOST_TEST(next() == "1875 0 0 625");
  BOOST_TEST(what.so_far.complete);
  // Behind the counts: how long the queue was.
  BOOST_TEST(redis.cmd("GET", "c3:waiting").text == "1875 0 0 625 2480");
}

// A program with access to the queue may push anything.
BOOST_AUTO_TEST_CASE(what_is_no_id_does_not_come_along) {
  std::string huge(5u << 20, 'x');
  redis.cmd("RPUSH", "queue:jobs", huge);
  auto head = ask<msg::queue_head>(store, msg::await_work{1s});
  BOOST_REQUIRE(head);
  BOOST_TEST(head->present);
  redis.cmd("DEL", "queue:jobs");
  // A blocking wait gets the element itself, and can only be cut off.
  caf::scoped_actor me{*system};
  auto waiting = me->request(store, 10s, msg::await_work{8s});
  BOOST_REQUIRE(harness::wait_until([&] {
    return redis.cmd("CLIENT", "LIST").text.find("cmd=blmove")
           != std::string::npos;
  }));
  redis.cmd("RPUSH", "queue:jobs", huge);
  auto refused = false;
  waiting.receive([](const msg::queue_head&) {},
                  [&](const caf::error& err) {
                    refused = to_string(err).find("not read to its end")
                              != std::string::npos;
                  });
  BOOST_TEST(refused);
  BOOST_REQUIRE(harness::wait_until([&] {
    auto again = ask<msg::queue_head>(store, msg::await_work{1s});
    return again && again->present;
  }));
  // The next claim removes it.
  push("j");
  BOOST_TEST(claim(store).jobs.size() == 1u);
  BOOST_TEST(queued() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
