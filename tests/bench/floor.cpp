// The floor: one thread, synchronous hiredis, the worker's own scripts.
#include "tests/bench/meter.hpp"

#include <thread>

namespace render::bench {

std::vector<double> floor_hand_over(unsigned jobs) {
  return hand_over(jobs, [](plain_client& redis, const auto& in_hand) {
    redis.ask({"BLMOVE", "queue:jobs", "queue:jobs", "LEFT", "LEFT", "1"});
    for (auto& id : claim(redis, 1).ids) {
      in_hand();
      send_settle(redis, id);
      redis.receive();
    }
  });
}

job_cost floor_throughput(unsigned jobs, unsigned in_flight) {
  harness::redis_server server;
  fill_queue(server, jobs);
  meter cost{server};
  // Not in this thread, whose time is not counted.
  std::thread worker{[&] {
    plain_client redis{server.port()};
    load_scripts(redis);
    for (unsigned done = 0; done < jobs;) {
      auto ids = claim(redis, in_flight).ids;
      for (auto& id : ids)
        send_settle(redis, id);
      for (size_t i = 0; i < ids.size(); ++i)
        redis.receive();
      done += ids.size();
    }
  }};
  worker.join();
  return cost.read(jobs, 0);
}

long_queue_figures claims_behind(unsigned foreign_jobs, unsigned claims) {
  harness::redis_server server;
  plain_client redis{server.port()};
  load_scripts(redis);
  fill_queue(server, foreign_jobs);
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

std::vector<double> claims_from(unsigned waiting, unsigned claims) {
  harness::redis_server server;
  plain_client redis{server.port()};
  load_scripts(redis);
  fill_queue(server, waiting);
  std::vector<double> out;
  for (unsigned i = 0; i < claims; ++i) {
    auto begin = clock::now();
    auto ids = claim(redis, 1).ids;
    auto end = clock::now();
    if (ids.size() != 1)
      throw std::runtime_error("bench: nothing was claimed");
    out.push_back(
      std::chrono::duration<double, std::milli>(end - begin).count());
    // As many wait for the next one.
    for (auto& id : ids) {
      redis.ask(
        {"HDEL", "job:" + id, "locked_by", "status", "attempt", "fence"});
      redis.ask({"RPUSH", "queue:jobs", id});
    }
  }
  return out;
}

} // namespace render::bench
