// The auditor's rules about money: whose the GPU seconds are, by the receipts
// in the jobs' records, the list of ended GPUs, and the provider's books.
#include "app/harness/auditor.hpp"
#include "app/harness/spending.hpp"
#include "app/harness/virtual_seconds.hpp"
#include "messages/money.hpp"
#include "messages/text/json.hpp"

#include <cmath>
#include <map>
#include <string>

namespace render::harness {

namespace {

/// An element of the list of ended GPUs.
struct closed_gpu {
  std::string id;
  std::string workload;
  std::string worker;
  int64_t ms = 0;
  gpu_split split;
};

int64_t ms_in(const json::value& x, const char* name) {
  return std::llround(json::number(x, name).value_or(0) * 1000);
}

std::vector<closed_gpu> read_closed(const memory_redis& server) {
  std::vector<closed_gpu> out;
  auto* list = server.find("c3:gpus:closed");
  if (!list)
    return out;
  for (auto& line : std::get<redis_list>(list->data)) {
    auto doc = json::parse(line);
    if (!doc)
      continue;
    closed_gpu x;
    x.id = json::string_or_empty(*doc, "id");
    x.workload = json::string_or_empty(*doc, "workload");
    x.worker = json::string_or_empty(*doc, "worker");
    x.ms = ms_in(*doc, "seconds");
    x.split = {ms_in(*doc, "before_s"), ms_in(*doc, "boot_s"),
               ms_in(*doc, "busy_s"),   ms_in(*doc, "idle_s"),
               ms_in(*doc, "drain_s"),  ms_in(*doc, "jobs_s")};
    if (!x.workload.empty() && x.split.total_ms() > 0)
      out.push_back(std::move(x));
  }
  return out;
}

std::string ms_text(int64_t ms) {
  return seconds_text(static_cast<double>(ms) / 1000);
}

} // namespace

std::map<std::string, int64_t> auditor::read_receipts() {
  std::map<std::string, int64_t> out;
  auto& server = world_.redis.server();
  for (size_t i = 0; i < jobs_.size(); ++i) {
    auto id = job_table::id_of(i);
    auto by_worker = jobs_[i].end == 's' || jobs_[i].end == 'f';
    auto text = server.field("job:" + id, "receipt");
    if (text.empty() && by_worker && limits_.calm)
      break_rule("no receipt", id, "it has ended without one");
    // Written again by a process that was started anew.
    if (text.empty() && by_worker)
      for (auto when : {jobs_[i].begun, jobs_[i].ended})
        unsettled_[jobs_[i].ended_under].insert(when);
    auto doc = json::parse(text);
    auto* parts = doc ? json::find(*doc, "gpus") : nullptr;
    if (!parts || !parts->IsArray())
      continue;
    int64_t sum = 0;
    for (auto& part : parts->GetArray()) {
      auto ms = ms_in(part, "seconds");
      sum += ms;
      out[json::string_or_empty(part, "gpu")] += ms;
    }
    if (sum != ms_in(*doc, "seconds"))
      break_rule("receipt adds up", id, std::string{text});
  }
  return out;
}

// A claim that ended no job (given back, taken away, cancelled by a front end)
// has used time that is on no receipt.
bool auditor::has_left_jobs(const std::string& worker, const sim_gpu& gpu) {
  auto at = unsettled_.find(worker);
  if (at == unsettled_.end())
    return false;
  auto after = at->second.lower_bound(gpu.created);
  return after != at->second.end()
         && *after < gpu.stopped + from_seconds(limits_.receipt_late_s);
}

// What the provider bills for each hour and day, beside the workers' limits.
// Each time that Redis loses its counters, the limits of then can be spent once
// more.
void auditor::check_spending() {
  if (world_.nodes().empty())
    return;
  auto& cfg = world_.nodes().begin()->second.cfg;
  std::map<int64_t, double> hours;
  std::map<int64_t, double> days;
  for (auto& [number, gpu] : world_.cloud.gpus()) {
    auto price = cfg.prices.find(workload_type{gpu.type});
    if (gpu.foreign() || price == cfg.prices.end())
      continue;
    auto at = virtual_epoch_s + in_seconds(gpu.created);
    auto end = virtual_epoch_s
               + in_seconds(std::min(gpu.stopped, world_.time.now()));
    while (at < end) {
      auto hour = static_cast<int64_t>(at / 3600);
      auto next = std::min(end, static_cast<double>(hour + 1) * 3600);
      auto cost = (next - at) * static_cast<double>(price->second) / 3600;
      hours[hour] += cost;
      days[hour / 24] += cost;
      at = next;
    }
  }
  auto check = [&](auto& spent, double length_s, int64_t most,
                   const std::string& limit) {
    for (auto& [when, micro] : spent) {
      auto from_s = static_cast<double>(when) * length_s;
      auto losses = losses_in(losses_, from_s, from_s + length_s,
                              cfg.gpu_lifetime.count());
      if (most >= 0 && micro > static_cast<double>(most * (1 + losses)))
        return break_rule(limit + " is passed", std::to_string(when),
                          dollars_text(std::llround(micro)) + " of "
                            + dollars_text(most) + " dollars, and Redis lost "
                            + "its data " + std::to_string(losses) + " times");
    }
  };
  check(hours, 3'600, cfg.spend_per_hour, "MAX_SPEND_PER_HOUR");
  check(days, 86'400, cfg.spend_per_day, "MAX_SPEND_PER_DAY");
}

void auditor::check_money() {
  check_spending();
  auto receipts = read_receipts();
  std::map<std::string, closed_gpu> closed;
  for (auto& x : read_closed(world_.redis.server())) {
    auto& split = x.split;
    if (split.total_ms() != x.ms
        || split.jobs_ms > split.boot_ms + split.busy_ms + split.idle_ms)
      return break_rule("GPU seconds add up", x.workload,
                        ms_text(x.ms) + " are rented, "
                          + ms_text(split.total_ms()) + " accounted for");
    closed.emplace(x.workload, x);
  }
  for (auto& [number, gpu] : world_.cloud.gpus()) {
    auto over = in_seconds(world_.time.now() - gpu.stopped);
    if (gpu.foreign() || gpu.running() || over < 2 * limits_.stop_heard_s)
      continue;
    auto at = closed.find(gpu.workload);
    if (at == closed.end()) {
      if (limits_.calm)
        return break_rule("GPU not accounted for", gpu.workload,
                          "it is not among the ended ones");
      continue;
    }
    // Whoever takes a GPU over knows the time before by dates only, which may
    // be wrong; and that the provider has ended it is seen late.
    auto given_ms = receipts[at->second.id];
    auto rented_ms = std::llround(in_seconds(gpu.stopped - gpu.created) * 1000);
    auto late_s = limits_.calm ? limits_.stop_heard_s : limits_.dead_gpu_s;
    if (given_ms > rented_ms + std::llround(late_s * 1000))
      return break_rule("receipts exceed the GPU", gpu.workload,
                        "receipts say " + ms_text(given_ms)
                          + ", the provider says " + ms_text(rented_ms));
    check_account(gpu, at->second.split, receipts[at->second.id],
                  at->second.worker);
  }
}

// One worker has had it from the launch to the end.
void auditor::check_account(const sim_gpu& gpu, const gpu_split& split,
                            int64_t given_ms, const std::string& worker) {
  auto launcher = world_.find_node(gpu.client);
  if (split.before_ms != 0 || !launcher || worker != launcher->worker_id)
    return;
  auto rented_ms = std::llround(in_seconds(gpu.stopped - gpu.created) * 1000);
  auto more_ms = split.total_ms() - rented_ms;
  auto most_ms = std::llround(limits_.stop_heard_s * 1000);
  if (more_ms < 0 || (limits_.calm && more_ms > most_ms))
    return break_rule("GPU seconds of the provider", gpu.workload,
                      "the provider says " + ms_text(rented_ms)
                        + ", the account " + ms_text(split.total_ms()));
  auto lost = data_lost_ != long_ago || has_left_jobs(worker, gpu);
  if (!lost && given_ms != split.jobs_ms)
    return break_rule("receipts and rest are the GPU", gpu.workload,
                      "receipts say " + ms_text(given_ms)
                        + ", its account gave jobs " + ms_text(split.jobs_ms));
  // A machine may go on with a run that its worker has given up.
  if (!limits_.calm)
    return;
  auto slots = std::max(1u, launcher->cfg.jobs_per_gpu);
  auto worked_ms = std::llround(gpu.busy_s * 1000) / slots;
  if (split.busy_ms + 100 < worked_ms)
    return break_rule("GPU seconds add up", gpu.workload,
                      "its machine worked for " + ms_text(worked_ms)
                        + ", the account has " + ms_text(split.busy_ms));
}

} // namespace render::harness
