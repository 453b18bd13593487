#include "tests/bench/redis_work.hpp"

#include "actors/io/redis/link/command.hpp"
#include "actors/io/redis/scripts/claim.hpp"
#include "actors/io/redis/scripts/settle.hpp"

#include <algorithm>
#include <cmath>
#include <thread>

namespace render::bench {

namespace {

constexpr auto worker_name = "floor";
constexpr auto prefix = "c3:";
constexpr auto now_s = 1'700'000'000.0;

job_store::worker_terms by_bench() {
  job_store::worker_terms out;
  out.id = worker_id{worker_name};
  out.prefix = prefix;
  return out;
}

} // namespace

std::string job_id(unsigned n) {
  char text[40];
  std::snprintf(text, sizeof(text), "00000000-0000-4000-8000-%012x", n);
  return text;
}

void send_record(plain_client& to, unsigned n) {
  auto id = job_id(n);
  to.send({"HSET", "job:" + id, "id", id, "type", "csm", "status", "queued",
           "created_at", "1700000000", "complete_by", "4000000000", "max_time",
           "1200", "data", R"({"text":"Hello."})"});
}

void load_scripts(plain_client& redis) {
  redis.ask({"SCRIPT", "LOAD", call_of(job_store::claim_args{}).lua->text});
  redis.ask({"SCRIPT", "LOAD", call_of(job_store::settle_args{}).lua->text});
}

claimed claim(plain_client& redis, unsigned count, const std::string& type,
              const std::string& after) {
  job_store::claim_args x;
  x.by.worker = by_bench();
  x.by.mark = {{worker_id{worker_name}}, 0, 1};
  x.by.now_s = now_s;
  x.last.passed = after;
  x.quotas = {{{type}, count}};
  auto got = redis.ask(job_store::make_command(call_of(x)).args);
  claimed out;
  auto* jobs = got->element[1];
  for (size_t i = 0; i < jobs->elements; ++i)
    out.ids.emplace_back(jobs->element[i]->element[0]->str);
  out.passed = got->element[4]->str;
  return out;
}

void send_settle(plain_client& redis, const std::string& id) {
  job_store::settle_args x;
  x.worker = by_bench();
  x.mark = {{worker_id{worker_name}}, 0, 1};
  x.now_s = now_s;
  x.job_id = id;
  x.fence = 1;
  x.outcome.result_url = "file:///dev/null";
  redis.send(job_store::make_command(call_of(x)).args);
}

void fill_queue(harness::redis_server& server, unsigned jobs) {
  plain_client redis{server.port()};
  constexpr unsigned piece = 1'000;
  for (unsigned at = 0; at < jobs; at += piece) {
    auto end = std::min(jobs, at + piece);
    std::vector<std::string> push{"RPUSH", std::string{job_store::keys::queue}};
    for (auto i = at; i < end; ++i) {
      send_record(redis, i);
      push.push_back(job_id(i));
    }
    redis.send(push);
    for (auto i = at; i <= end; ++i)
      redis.receive();
  }
}

std::vector<clock::time_point> push_in_time(uint16_t port, unsigned jobs) {
  constexpr auto spacing = std::chrono::milliseconds{20};
  plain_client producer{port};
  std::vector<clock::time_point> out(jobs);
  auto next = clock::now();
  for (unsigned i = 0; i < jobs; ++i) {
    send_record(producer, i);
    producer.receive();
    next += spacing;
    std::this_thread::sleep_until(next);
    out[i] = clock::now();
    producer.ask({"RPUSH", "queue:jobs", job_id(i)});
  }
  return out;
}

std::vector<double>
hand_over(unsigned jobs,
          const std::function<
            void(plain_client&, const std::function<void()>& in_hand)>& take) {
  harness::redis_server server;
  std::vector<clock::time_point> had;
  std::thread claimer{[&] {
    plain_client redis{server.port()};
    load_scripts(redis);
    while (had.size() < jobs)
      take(redis, [&had] {
        had.push_back(clock::now());
      });
  }};
  auto pushed = push_in_time(server.port(), jobs);
  claimer.join();
  return differences_ms(pushed, had);
}

std::vector<double> differences_ms(const std::vector<clock::time_point>& from,
                                   const std::vector<clock::time_point>& to) {
  std::vector<double> out;
  for (size_t i = 0; i < std::min(from.size(), to.size()); ++i)
    out.push_back(
      std::chrono::duration<double, std::milli>(to[i] - from[i]).count());
  return out;
}

double percentile(std::vector<double> xs, double p) {
  if (xs.empty())
    return std::nan("");
  std::sort(xs.begin(), xs.end());
  auto at = static_cast<size_t>(p * static_cast<double>(xs.size() - 1) + 0.5);
  return xs[at];
}

double median(std::vector<double> xs) {
  return percentile(std::move(xs), 0.5);
}

} // namespace render::bench
