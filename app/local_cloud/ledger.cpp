#include "app/local_cloud/ledger.hpp"

#include "app/local_cloud/json_text.hpp"

#include <chrono>

namespace render::local_cloud {

double unix_now() {
  return std::chrono::duration<double>{
    std::chrono::system_clock::now().time_since_epoch()}
    .count();
}

void ledger::open(std::string workload, std::string node, std::string type,
                  double created, double expires) {
  std::lock_guard lock{mutex_};
  account x;
  x.workload = std::move(workload);
  x.node = std::move(node);
  x.type = std::move(type);
  x.created = created;
  x.expires = expires;
  accounts_.push_back(std::move(x));
}

void ledger::close(std::string_view workload, double at,
                   std::string_view reason) {
  std::lock_guard lock{mutex_};
  for (auto& x : accounts_)
    if (x.workload == workload && x.reason.empty()) {
      x.ended = at;
      x.reason = reason;
    }
}

ledger::account* ledger::find(std::string_view node) {
  for (auto& x : accounts_)
    if (x.node == node)
      return &x;
  return nullptr;
}

void ledger::job_started(std::string_view node, std::string_view service) {
  std::lock_guard lock{mutex_};
  if (auto* x = find(node)) {
    ++x->jobs[std::string{service}].started;
    x->running_max = std::max(x->running_max, ++x->running);
  }
}

void ledger::job_ended(std::string_view node, std::string_view service,
                       bool good) {
  std::lock_guard lock{mutex_};
  if (auto* x = find(node)) {
    auto& count = x->jobs[std::string{service}];
    ++(good ? count.succeeded : count.failed);
    --x->running;
  }
}

double ledger::seconds(const account& x, double now) const {
  return std::max(0.0, (x.reason.empty() ? now : x.ended) - x.created);
}

double ledger::cost(double now) const {
  std::lock_guard lock{mutex_};
  double sum = 0;
  for (auto& x : accounts_)
    sum += seconds(x, now);
  return sum / 3600 * price_;
}

double ledger::charged() const {
  std::lock_guard lock{mutex_};
  double sum = 0;
  for (auto& x : accounts_)
    sum += seconds(x, x.expires);
  return sum / 3600 * price_;
}

std::string ledger::to_json(double now) const {
  std::lock_guard lock{mutex_};
  auto counts_json = [](const job_count& x) {
    return json_object{}
      .add("started", x.started)
      .add("succeeded", x.succeeded)
      .add("failed", x.failed)
      .str();
  };
  std::map<std::string, job_count> totals;
  std::map<std::string, int> reasons;
  double sum = 0;
  json_array workloads;
  for (auto& x : accounts_) {
    auto used = seconds(x, now);
    sum += used;
    ++reasons[x.reason.empty() ? "running" : x.reason];
    json_object jobs;
    for (auto& [service, count] : x.jobs) {
      jobs.raw(service, counts_json(count));
      auto& total = totals[service];
      total.started += count.started;
      total.succeeded += count.succeeded;
      total.failed += count.failed;
    }
    workloads.raw(json_object{}
                    .add("workload", x.workload)
                    .add("node", x.node)
                    .add("type", x.type)
                    .add("created", x.created)
                    .add("expires", x.expires)
                    .add("ended", x.ended)
                    .add("state", x.reason.empty() ? "running" : x.reason)
                    .add("seconds", used)
                    .add("cost", used / 3600 * price_)
                    .raw("jobs", jobs.str())
                    .add("max_concurrency", x.running_max)
                    .str());
  }
  json_object jobs;
  for (auto& [service, count] : totals)
    jobs.raw(service, counts_json(count));
  return json_object{}
    .add("launches", accounts_.size())
    .add("stops", reasons["stopped"])
    .add("expired", reasons["expired"])
    .add("died", reasons["died"])
    .add("running", reasons["running"])
    .add("gpu_seconds", sum)
    .add("cost", sum / 3600 * price_)
    .add("price_per_hour", price_)
    .raw("jobs", jobs.str())
    .raw("workloads", workloads.str())
    .str();
}

} // namespace render::local_cloud
