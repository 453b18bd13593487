#include "app/worker/metrics_outside.hpp"

#include <array>
#include <limits>
#include <string>

namespace render::outside_metrics {

namespace {

using labels = prometheus::Labels;

constexpr std::array<std::string_view, 5> routes{"/", "/healthz", "/readyz",
                                                 "/status", "/metrics"};

const std::vector<double> answer_buckets{
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

constexpr auto provider_calls = "c3_provider_requests_total";
constexpr auto provider_calls_help
  = "Calls of the provider's API, by HTTP status, or by the kind of failure "
    "where there was no answer.";
constexpr auto provider_time = "c3_provider_request_seconds";
constexpr auto provider_time_help = "What calls of the provider's API took.";

constexpr auto upload_time = "c3_storage_upload_seconds";
constexpr auto upload_time_help
  = "What each try to store a result took, by what came of it.";
constexpr auto stored_bytes = "c3_storage_bytes_total";
constexpr auto stored_bytes_help = "Bytes of results that were stored.";
constexpr auto input_bytes = "c3_input_bytes_total";
constexpr auto input_bytes_help
  = "Bytes of inputs that were fetched: from producers' URLs, and uploads from "
    "the HTTP service.";

constexpr auto asked = "c3_http_requests_total";
constexpr auto asked_help
  = "Answers of the status port and of the HTTP service.";
constexpr auto asked_time = "c3_http_request_seconds";
constexpr auto asked_time_help
  = "From a question to the status port, or to the HTTP service, until its "
    "answer is sent.";

labels route_of(std::string_view path) {
  for (auto& x : routes)
    if (x == path)
      return {{"route", std::string{path}}};
  return {{"route", "other"}};
}

} // namespace

void add_zeros(metrics_book& to) {
  for (auto* call : {"launch", "list", "stop", "balance"}) {
    to.count(provider_calls, provider_calls_help,
             {{"call", call}, {"code", "200"}}, 0);
    to.histogram(provider_time, provider_time_help, call_buckets,
                 {{"call", call}});
  }
  for (auto* outcome : {"stored", "failed"})
    to.histogram(upload_time, upload_time_help, call_buckets,
                 {{"outcome", outcome}});
  to.count(stored_bytes, stored_bytes_help, {}, 0);
  to.count(input_bytes, input_bytes_help, {}, 0);
  for (auto& path : routes) {
    auto by = route_of(path);
    to.histogram(asked_time, asked_time_help, answer_buckets, by);
    by["code"] = "200";
    to.count(asked, asked_help, by, 0);
  }
}

void count(metrics_book& to, const event& x) {
  if (x.name == "provider_called") {
    std::string call{x.part};
    to.count(provider_calls, provider_calls_help,
             {{"call", call}, {"code", x.outcome}});
    to.histogram(provider_time, provider_time_help, call_buckets,
                 {{"call", call}})
      .Observe(x.seconds);
  } else if (x.name == "result_upload") {
    to.histogram(upload_time, upload_time_help, call_buckets,
                 {{"outcome", x.outcome}})
      .Observe(x.seconds);
    to.count(stored_bytes, stored_bytes_help, {}, static_cast<double>(x.bytes));
  } else if (x.name == "input_fetched") {
    to.count(input_bytes, input_bytes_help, {}, static_cast<double>(x.bytes));
  }
}

void count_route(metrics_book& to, std::string_view route, unsigned status,
                 double seconds) {
  labels by{{"route", route.empty() ? "other" : std::string{route}}};
  to.histogram(asked_time, asked_time_help, answer_buckets, by)
    .Observe(seconds);
  by["code"] = std::to_string(status);
  to.count(asked, asked_help, by);
}

void count_request(metrics_book& to, std::string_view path, unsigned status,
                   double seconds) {
  count_route(to, route_of(path)["route"], status, seconds);
}

void set_store(metrics_book& to, const job_store::store_counts& x) {
  to.set("c3_redis_up", "1 while the connection to Redis is up.",
         x.up.get() ? 1 : 0);
  to.rise("c3_redis_amnesia_total",
          "Times that Redis had lost what it had confirmed.", {},
          x.losses.get());
  constexpr auto fenced = "c3_writes_fenced_total";
  constexpr auto fenced_help
    = "Jobs that were found to be another worker's, or nobody's: at their end, "
      "or while they ran here.";
  to.rise(fenced, fenced_help, {{"kind", "end"}}, x.ends_fenced.get());
  to.rise(fenced, fenced_help, {{"kind", "run"}}, x.runs_fenced.get());
  to.rise("c3_jobs_recovered_total",
          "Jobs of dead workers that this one put back into the queue.", {},
          x.recovered.get());
  to.rise("c3_journal_write_errors_total",
          "Reads and writes of the journal that failed.", {},
          x.journal_errors.get());
  // A gauge that nobody knows would be a lie at 0.
  auto set_known = [&](const char* name, const char* help, int64_t value) {
    if (value >= 0)
      to.set(name, help, static_cast<double>(value), {{"scope", "fleet"}});
  };
  set_known("c3_webhooks_pending",
            "Webhooks of the fleet that are neither delivered nor given up; "
            "the same for all: take max().",
            x.webhooks_pending.get());
  set_known("c3_webhooks_dead",
            "Webhooks of the fleet that were given up and wait for a replay; "
            "the same for all: take max().",
            x.webhooks_dead.get());
}

void set_unknown(metrics_book& to, const account::sight& x) {
  for (auto& [type, count] : x.unknown)
    to.set("c3_gpu_workloads_unknown",
           "Running GPUs of the account that the launch ledger does not know, "
           "of types that workers rent; the same for all: take max().",
           count, {{"workload", type}, {"scope", "fleet"}});
}

prometheus::MetricFamily balance_of(const job_store::account_balance& x) {
  prometheus::MetricFamily out;
  out.name = "c3_balance";
  out.help = "What is left of the account's money, in the provider's unit; not "
             "there where the provider does not tell it.";
  out.type = prometheus::MetricType::Gauge;
  prometheus::ClientMetric metric;
  metric.label.push_back({"scope", "fleet"});
  metric.gauge.value = x.amount;
  out.metric.push_back(std::move(metric));
  return out;
}

prometheus::MetricFamily command_times(const job_store::store_counts& x) {
  prometheus::MetricFamily out;
  out.name = "c3_redis_command_seconds";
  out.help = "From a command to its answer, by script; other: commands without "
             "one, but for the wait for work.";
  out.type = prometheus::MetricType::Histogram;
  for (auto& one : x.commands()) {
    prometheus::ClientMetric metric;
    metric.label.push_back({"script", std::string{one.script}});
    auto& to = metric.histogram;
    to.sample_sum = one.sum_s;
    for (size_t i = 0; i < one.counts.size(); ++i) {
      to.sample_count += one.counts[i];
      to.bucket.push_back(
        {to.sample_count, i < job_store::command_buckets.size()
                            ? job_store::command_buckets[i]
                            : std::numeric_limits<double>::infinity()});
    }
    out.metric.push_back(std::move(metric));
  }
  return out;
}

} // namespace render::outside_metrics
