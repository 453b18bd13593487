#include "tests/bench/redis_work.hpp"

#include <algorithm>
#include <cmath>

namespace render::bench {

namespace {

constexpr auto worker_name = "floor";
constexpr auto prefix = "c3:";
constexpr auto now = "1700000000";

} // namespace

std::string job_id(unsigned n) {
  char text[40];
  std::snprintf(text, sizeof(text), "00000000-0000-4000-8000-%012x", n);
  return text;
}

void send_record(plain_client& to, unsigned n) {
  auto id = job_id(n);
  to.send({"HSET", "job:" + id, "id", id, "type", "csm", "status", "queued",
           "created_at", now, "complete_by", "4000000000", "max_time", "1200",
           "data", R"({"text":"Hello."})"});
}

void load_scripts(plain_client& redis) {
  redis.ask({"SCRIPT", "LOAD", job_store::claim_script().text});
  redis.ask({"SCRIPT", "LOAD", job_store::settle_script().text});
}

claimed claim(plain_client& redis, unsigned count, const std::string& type,
              const std::string& after) {
  auto got = redis.ask({"EVALSHA",
                        job_store::claim_script().sha1,
                        "4",
                        std::string{job_store::keys::queue},
                        job_store::keys::running(prefix, worker_name),
                        job_store::keys::leases(prefix),
                        job_store::keys::mark(prefix, worker_name),
                        worker_name,
                        now,
                        "300",
                        "30000",
                        "0",
                        "1",
                        "86400",
                        "job record missing: ",
                        "10000",
                        "16",
                        "csm,whisper,portrait,analyze",
                        after,
                        "",
                        std::to_string(count),
                        type});
  claimed out;
  auto* jobs = got->element[1];
  for (size_t i = 0; i < jobs->elements; ++i)
    out.ids.emplace_back(jobs->element[i]->element[0]->str);
  out.passed = got->element[4]->str;
  return out;
}

void send_settle(plain_client& redis, const std::string& id) {
  namespace keys = job_store::keys;
  redis.send({"EVALSHA",
              job_store::settle_script().sha1,
              "7",
              keys::record(id),
              keys::lock(id),
              keys::running(prefix, worker_name),
              keys::outbox(prefix),
              keys::outbox_entry(prefix, id),
              keys::leases(prefix),
              keys::mark(prefix, worker_name),
              worker_name,
              id,
              now,
              "success",
              "",
              "",
              "file:///dev/null",
              "0",
              "0",
              "86400",
              "",
              "",
              "1700000000000",
              "60000",
              "1",
              "0",
              "1",
              "0",
              "",
              ""});
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
