// The least that could be done: scripts that know nothing of leases, fences,
// journals or webhooks, and a wait that knows nothing of jobs.
#include "tests/bench/meter.hpp"

#include <deque>
#include <thread>

namespace render::bench {

namespace {

// What the contract asks of any worker.
constexpr const char* claim_lua = R"lua(
local id = redis.call('LPOP', KEYS[1])
if not id then return false end
local key = 'job:' .. id
local r = redis.call('HMGET', key, 'type', 'complete_by', 'max_time', 'data')
redis.call('HSET', key, 'status', 'running', 'locked_by', ARGV[1], 'locked_at',
           ARGV[2], 'started_at', ARGV[2])
redis.call('SET', key .. ':lock', ARGV[1], 'EX', 300)
return {id, r}
)lua";

constexpr const char* finish_lua = R"lua(
if redis.call('HGET', KEYS[1], 'locked_by') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'status', 'success', 'result_url', ARGV[2],
           'progress', 1, 'finished_at', ARGV[3])
redis.call('DEL', KEYS[2])
return 1
)lua";

} // namespace

std::vector<double> bare_hand_over(unsigned jobs) {
  return hand_over(jobs, [](plain_client& redis, const auto& in_hand) {
    auto got = redis.ask(
      {"BLMOVE", "queue:jobs", "queue:taken", "LEFT", "RIGHT", "1"});
    if (got->type == REDIS_REPLY_STRING)
      in_hand();
  });
}

job_cost bare_throughput(unsigned jobs, unsigned in_flight) {
  harness::redis_server server;
  fill_queue(server, jobs);
  meter cost{server};
  // Not in this thread, whose time is not counted.
  std::thread worker{[&] {
    plain_client redis{server.port()};
    auto load = [&redis](const char* lua) {
      return std::string{redis.ask({"SCRIPT", "LOAD", lua})->str};
    };
    auto claim = load(claim_lua);
    auto finish = load(finish_lua);
    // Of each answer that is awaited: whether it is a claim's.
    std::deque<bool> claims;
    auto send_claim = [&] {
      redis.send({"EVALSHA", claim, "1", "queue:jobs", "bare", "1700000000"});
      claims.push_back(true);
    };
    for (unsigned i = 0; i < in_flight; ++i)
      send_claim();
    while (!claims.empty()) {
      auto got = redis.receive();
      auto is_claim = claims.front();
      claims.pop_front();
      if (!is_claim) {
        send_claim();
      } else if (got->type == REDIS_REPLY_ARRAY) {
        auto key = "job:" + std::string{got->element[0]->str};
        redis.send({"EVALSHA", finish, "2", key, key + ":lock", "bare",
                    "file:///dev/null", "1700000000"});
        claims.push_back(false);
      }
    }
  }};
  worker.join();
  return cost.read(jobs, 0);
}

} // namespace render::bench
