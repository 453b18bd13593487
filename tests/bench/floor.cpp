// The floor: one thread, synchronous hiredis, the worker's own scripts.
#include "tests/bench/rounds.hpp"

#include <atomic>
#include <thread>

namespace render::bench {

namespace {

constexpr unsigned in_flight = 16;
constexpr auto spacing = std::chrono::milliseconds{20};

void fill_queue(plain_client& redis, unsigned jobs) {
  for (unsigned i = 0; i < jobs; ++i) {
    send_record(redis, i);
    redis.receive();
    redis.ask({"RPUSH", "queue:jobs", job_id(i)});
  }
}

} // namespace

std::vector<double> floor_hand_over(unsigned jobs) {
  harness::redis_server server;
  std::vector<clock::time_point> in_hand(jobs);
  std::atomic<unsigned> done{0};
  std::thread claimer{[&] {
    plain_client redis{server.port()};
    load_scripts(redis);
    while (done < jobs) {
      redis.ask({"BLMOVE", "queue:jobs", "queue:jobs", "LEFT", "LEFT", "1"});
      for (auto& id : claim(redis, 1).ids) {
        in_hand[done] = clock::now();
        send_settle(redis, id);
        redis.receive();
        ++done;
      }
    }
  }};
  plain_client producer{server.port()};
  std::vector<clock::time_point> pushed(jobs);
  auto next = clock::now();
  for (unsigned i = 0; i < jobs; ++i) {
    send_record(producer, i);
    producer.receive();
    next += spacing;
    std::this_thread::sleep_until(next);
    pushed[i] = clock::now();
    producer.ask({"RPUSH", "queue:jobs", job_id(i)});
  }
  claimer.join();
  std::vector<double> out;
  for (unsigned i = 0; i < jobs; ++i)
    out.push_back(
      std::chrono::duration<double, std::milli>(in_hand[i] - pushed[i])
        .count());
  return out;
}

double floor_throughput(unsigned jobs) {
  harness::redis_server server;
  plain_client redis{server.port()};
  load_scripts(redis);
  fill_queue(redis, jobs);
  auto begin = clock::now();
  for (unsigned done = 0; done < jobs;) {
    auto ids = claim(redis, in_flight).ids;
    for (auto& id : ids)
      send_settle(redis, id);
    for (size_t i = 0; i < ids.size(); ++i)
      redis.receive();
    done += ids.size();
  }
  return jobs / std::chrono::duration<double>(clock::now() - begin).count();
}

long_queue_figures claims_behind(unsigned foreign_jobs, unsigned claims) {
  harness::redis_server server;
  plain_client redis{server.port()};
  load_scripts(redis);
  fill_queue(redis, foreign_jobs);
  std::string passed;
  auto measure = [&](const std::string& after) {
    auto begin = clock::now();
    passed = claim(redis, 1, "whisper", after).passed;
    return std::chrono::duration<double, std::milli>(clock::now() - begin)
      .count();
  };
  long_queue_figures out;
  for (unsigned i = 0; i < claims; ++i) {
    out.whole_ms.push_back(measure(""));
    out.next_ms.push_back(measure(passed));
  }
  return out;
}

} // namespace render::bench
