#include "app/worker/metrics.hpp"

#include "actors/renderer/stages.hpp"
#include "app/worker/metrics_book.hpp"
#include "app/worker/metrics_outside.hpp"
#include "app/worker/process_numbers.hpp"
#include "messages/public_error.hpp"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <utility>

namespace render {

namespace {

using labels = prometheus::Labels;

/// Of seconds: jobs from a twentieth of a second to two hours.
const std::vector<double> job_buckets{0.05, 0.1, 0.25, 0.5,  1,    2.5,
                                      5,    10,  20,   30,   60,   120,
                                      300,  600, 1200, 1800, 3600, 7200};
/// Few, since each type has each stage.
const std::vector<double> stage_buckets{0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800};
const std::vector<double> boot_buckets{5,  10,  20,  30,  45,  60,
                                       90, 120, 180, 300, 600, 900};
const std::vector<double> slack_buckets{-3600, -600, -60, 0,    10,   30,  60,
                                        120,   300,  600, 1800, 3600, 7200};
using outside_metrics::call_buckets;

constexpr error_code all_codes[] = {
  error_code::invalid_input,     error_code::rejected,    error_code::expired,
  error_code::deadline_exceeded, error_code::unavailable, error_code::cancelled,
  error_code::internal};

constexpr gpu_phase all_phases[] = {gpu_phase::launching, gpu_phase::booting,
                                    gpu_phase::ready, gpu_phase::draining,
                                    gpu_phase::stopping};

/// `type` of a record may be anything; a label may not.
std::string type_label(const std::string& type) {
  return job_kind_from(type) ? type : "other";
}

/// An older worker's job, written again, has no code.
std::string reason_label(const std::string& code) {
  return code.empty() ? "unknown" : code;
}

struct help {
  const char* name;
  const char* text;
};

constexpr help ended{"c3_jobs_ended_total",
                     "Jobs whose end this worker wrote, by their error_code; "
                     "refused and expired ones included."};
constexpr help waited{"c3_job_wait_seconds",
                      "From a job's creation to its claim."};
constexpr help ran{"c3_job_run_seconds",
                   "From a job's slot on a GPU to its result, of the attempt "
                   "that succeeded."};
constexpr help staged{"c3_job_stage_seconds",
                      "What attempts that succeeded went into."};
constexpr help total{"c3_job_total_seconds",
                     "From a job's creation to its success."};
constexpr help slack{"c3_job_deadline_slack_seconds",
                     "What was left until complete_by when a job ended; "
                     "negative: it was late."};
constexpr help missed{"c3_jobs_deadline_missed_total",
                      "Jobs that expired, or ran past a limit of time."};
constexpr help attempts{"c3_job_attempts_failed_total",
                        "Attempts that failed and were tried again."};
constexpr help returned{"c3_jobs_returned_total",
                        "Claimed jobs that went back to the queue."};
constexpr help launches{"c3_gpu_launches_total",
                        "Launches that were asked for, by what came of them."};
constexpr help stops{"c3_gpu_stops_total",
                     "GPUs that ended, by whether the stop was confirmed."};
constexpr help boot{"c3_gpu_boot_seconds",
                    "From a GPU's launch to its first ready service."};
constexpr help spent{"c3_gpu_seconds_total",
                     "Seconds of GPUs that have ended, by what they went on."};
constexpr help dollars{"c3_spend_dollars_total",
                       "What GPUs that have ended have cost by GPU_PRICES."};
constexpr help hooks{"c3_webhook_deliveries_total",
                     "Tries to deliver a webhook, by what came of them."};
constexpr help spans{"c3_trace_spans_total",
                     "Spans of traces, by what came of them."};
constexpr help hook_time{"c3_webhook_seconds",
                         "From a job's end to the delivery of its webhook."};

} // namespace

struct metrics::implementation {
  explicit implementation(options x) : how(std::move(x)) {
    for (auto& type : how.workloads)
      workloads.insert(type);
    zeros();
  }

  // -- what is there from the start ------------------------------------------

  void zeros() {
    std::vector<std::string> types{"other"};
    for (auto kind : all_job_kinds)
      types.emplace_back(to_string(kind));
    for (auto& type : types) {
      labels of{{"type", type}};
      count(ended, {{"type", type}, {"status", "success"}, {"reason", "none"}},
            0);
      for (auto code : all_codes)
        count(ended,
              {{"type", type},
               {"status", "failed"},
               {"reason", std::string{to_string(code)}}},
              0);
      for (auto& x : {waited, ran, total})
        book.histogram(x.name, x.text, job_buckets, of);
      // What no worker knows never runs.
      if (type != "other")
        for (auto stage : all_stages)
          book.histogram(staged.name, staged.text, stage_buckets,
                         {{"type", type}, {"stage", std::string{stage}}});
      book.histogram(slack.name, slack.text, slack_buckets, of);
      count(missed, of, 0);
      count(returned, of, 0);
      count(attempts, {{"type", type}, {"kind", "unavailable"}}, 0);
    }
    for (auto& type : workloads)
      know(type);
    for (auto* outcome : {"delivered", "failed", "dead"})
      count(hooks, {{"outcome", outcome}}, 0);
    for (auto* outcome : {"exported", "dropped", "rejected", "failed"})
      count(spans, {{"outcome", outcome}}, 0);
    book.histogram(hook_time.name, hook_time.text, call_buckets, {});
    outside_metrics::add_zeros(book);
    book.set("c3_build_info", "1; the labels say which version runs.", 1,
             {{"version", how.version}, {"commit", how.commit}});
  }

  void know(const workload_type& type) {
    for (auto* outcome : {"launched", "failed"})
      count(launches, {{"workload", type}, {"outcome", outcome}}, 0);
    for (auto* outcome : {"confirmed", "unconfirmed"})
      count(stops, {{"workload", type}, {"outcome", outcome}}, 0);
    book.histogram(boot.name, boot.text, boot_buckets, {{"workload", type}});
    for (auto* use : {"boot", "busy", "idle", "drain"})
      count(spent, {{"workload", type}, {"use", use}}, 0);
    if (how.prices.contains(type))
      count(dollars, {{"workload", type}}, 0);
  }

  // -- counters and histograms -----------------------------------------------

  void count(const help& what, const labels& by, double more = 1) {
    book.count(what.name, what.text, by, more);
  }

  void observe(const help& what, const std::vector<double>& buckets,
               const labels& by, double seconds) {
    if (seconds >= 0)
      book.histogram(what.name, what.text, buckets, by).Observe(seconds);
  }

  void on_end(const event& x) {
    auto type = type_label(x.type);
    auto good = x.outcome == "success";
    count(ended, {{"type", type},
                  {"status", good ? "success" : "failed"},
                  {"reason", good ? "none" : reason_label(x.error_kind)}});
    if (good)
      observe(total, job_buckets, {{"type", type}}, x.seconds);
    if (x.slack_s)
      book.histogram(slack.name, slack.text, slack_buckets, {{"type", type}})
        .Observe(*x.slack_s);
    if (x.error_kind == to_string(error_code::expired)
        || x.error_kind == to_string(error_code::deadline_exceeded))
      count(missed, {{"type", type}});
  }

  void on_spent(const event& x) {
    count(spent, {{"workload", x.workload}, {"use", x.outcome}}, x.seconds);
    auto price = how.prices.find(workload_type{x.workload});
    if (price != how.prices.end())
      count(dollars, {{"workload", x.workload}},
            x.seconds / 3600 * static_cast<double>(price->second) / 1e6);
  }

  void on_event(const event& x) {
    auto by_type = labels{{"type", type_label(x.type)}};
    if (x.name == "job_claimed")
      return observe(waited, job_buckets, by_type, x.seconds);
    if (x.name == "job_rendered")
      return observe(ran, job_buckets, by_type, x.seconds);
    if (x.name == "stage_ended")
      return observe(
        staged, stage_buckets,
        {{"type", type_label(x.type)}, {"stage", std::string{x.part}}},
        x.seconds);
    if (x.name == "job_ended")
      return on_end(x);
    if (x.name == "job_returned")
      return count(returned, by_type);
    if (x.name == "attempt_failed")
      return count(attempts,
                   {{"type", type_label(x.type)}, {"kind", x.error_kind}});
    if (x.name == "gpu_launched" || x.name == "gpu_launch_failed")
      return count(
        launches,
        {{"workload", x.workload},
         {"outcome", x.name == "gpu_launched" ? "launched" : "failed"}});
    if (x.name == "gpu_ready")
      return observe(boot, boot_buckets, {{"workload", x.workload}}, x.seconds);
    if (x.name == "gpu_stopped" || x.name == "gpu_stop_unconfirmed")
      return count(
        stops,
        {{"workload", x.workload},
         {"outcome", x.name == "gpu_stopped" ? "confirmed" : "unconfirmed"}});
    if (x.name == "gpu_spent")
      return on_spent(x);
    if (x.name == "trace_spans")
      return count(spans, {{"outcome", x.outcome}},
                   static_cast<double>(x.count));
    if (x.name == "webhook_delivered")
      observe(hook_time, call_buckets, {}, x.seconds);
    if (x.name == "webhook_delivered" || x.name == "webhook_failed"
        || x.name == "webhook_dead")
      count(hooks, {{"outcome", x.outcome}});
    outside_metrics::count(book, x);
  }

  // -- gauges ----------------------------------------------------------------

  void set(const char* name, const char* text, double value,
           const labels& by = {}) {
    book.set(name, text, value, by);
  }

  void set_queue(const msg::node_status& x) {
    for (auto kind : all_job_kinds) {
      std::string type{to_string(kind)};
      auto at = x.waiting_by_type.find(type);
      set("c3_jobs_waiting",
          "Jobs in the queue that nobody has claimed, as this worker last saw "
          "them; the same for all: take max().",
          at == x.waiting_by_type.end() ? 0 : static_cast<double>(at->second),
          {{"type", type}, {"scope", "fleet"}});
    }
    set("c3_jobs_oldest_wait_seconds",
        "Age of the oldest waiting job; the same for all: take max().",
        x.oldest_wait_s, {{"scope", "fleet"}});
    for (auto& [type, why] : x.launches)
      workloads.insert(type);
    for (auto& type : workloads)
      for (auto i = 0; i <= static_cast<int>(last_launch_reason); ++i) {
        auto kind = static_cast<launch_reason_kind>(i);
        auto at = x.launches.find(type);
        set("c3_jobs_blocked",
            "Jobs that wait for a GPU of this workload type, by why this "
            "worker launches no (other) one.",
            at != x.launches.end() && at->second.kind == kind
              ? static_cast<double>(at->second.jobs)
              : 0,
            {{"workload", type}, {"reason", std::string{to_string(kind)}}});
      }
  }

  void set_worker(const msg::node_status& x) {
    set("c3_jobs_running", "Jobs that run here now.",
        static_cast<double>(x.running_jobs.size()));
    set("c3_draining", "1 while the worker drains.", x.draining ? 1 : 0);
    set("c3_plans_with_peers",
        "1 while launches go by the plan of the whole fleet; 0 without other "
        "workers, or while the views of the fleet differ or are old.",
        x.plans_with_peers ? 1 : 0);
    for (const auto* reason : {"start", "disk", "storage", "tools", "job"})
      set("c3_unfit", "1 while this worker claims nothing for this reason.",
          x.unfit == reason ? 1 : 0, {{"reason", reason}});
    if (x.disk_free_bytes > 0)
      set("c3_disk_free_bytes", "Free space below OUTPUT_DIR.",
          static_cast<double>(x.disk_free_bytes));
    set("c3_results_waiting", "Rendered results that wait for the storage.",
        static_cast<double>(x.results_waiting));
    for (auto& gpu : x.gpus)
      if (!gpu.type.empty())
        workloads.insert(gpu.type);
    for (auto& type : workloads)
      for (auto phase : all_phases) {
        auto n = std::count_if(x.gpus.begin(), x.gpus.end(), [&](auto& gpu) {
          return gpu.phase == phase && gpu.type == type;
        });
        set("c3_gpus", "GPUs of this worker by phase.", static_cast<double>(n),
            {{"workload", type}, {"phase", std::string{to_string(phase)}}});
      }
  }

  void set_peers(const msg::peers_report& x) {
    auto doubted = std::count_if(x.members.begin(), x.members.end(),
                                 [](auto& y) {
                                   return y.doubted;
                                 });
    set("c3_peers", "Other workers of the fleet that count as alive.",
        static_cast<double>(x.members.size()));
    set("c3_peers_doubted", "Those that somebody has lost sight of.",
        static_cast<double>(doubted));
    set("c3_peer_links", "Links to other workers.",
        static_cast<double>(x.links.size()));
    constexpr auto frames = "c3_peer_frames_total";
    constexpr auto frames_help = "Frames between this worker and others.";
    book.rise(frames, frames_help, {{"direction", "sent"}}, x.frames_sent);
    book.rise(frames, frames_help, {{"direction", "received"}},
              x.frames_received);
    constexpr auto bytes = "c3_peer_bytes_total";
    constexpr auto bytes_help = "Bytes in those frames.";
    book.rise(bytes, bytes_help, {{"direction", "sent"}}, x.bytes_sent);
    book.rise(bytes, bytes_help, {{"direction", "received"}}, x.bytes_received);
  }

  // Names as all client libraries of Prometheus have them.
  void set_process() {
    auto now = read_process_numbers();
    set("process_start_time_seconds", "Start of the process, Unix seconds.",
        now.start_s);
    set("process_resident_memory_bytes", "Resident memory.",
        now.resident_bytes);
    set("process_open_fds", "Open file handles.", now.open_files);
    set("process_max_fds", "Open file handles allowed.", now.max_files);
    auto& cpu = book.counter("process_cpu_seconds_total",
                             "Processor time, user and system.", {});
    cpu.Increment(std::max(0.0, now.cpu_s - cpu.Value()));
    if (how.lines_dropped)
      book.rise("c3_log_lines_dropped_total",
                "Lines of the log that its reader did not take in time.", {},
                how.lines_dropped());
  }

  options how;
  metrics_book book;
  std::mutex mutex;
  /// Guarded by `mutex`.
  std::set<workload_type> workloads;
  std::shared_ptr<const job_store::store_counts> store;
  std::shared_ptr<const account::note> account;
};

metrics::metrics(options how)
  : impl_(std::make_unique<implementation>(std::move(how))) {
  // nop
}

metrics::~metrics() = default;

void metrics::on_event(const event& x) {
  impl_->on_event(x);
}

void metrics::on_request(std::string_view path, unsigned status,
                         double seconds) {
  outside_metrics::count_request(impl_->book, path, status, seconds);
}

void metrics::on_route(std::string_view route, unsigned status,
                       double seconds) {
  outside_metrics::count_route(impl_->book, route, status, seconds);
}

void metrics::read(std::shared_ptr<const job_store::store_counts> store,
                   std::shared_ptr<const account::note> account) {
  std::lock_guard guard{impl_->mutex};
  impl_->store = std::move(store);
  impl_->account = std::move(account);
}

std::string metrics::text(const msg::node_status& x,
                          const msg::peers_report* peers) {
  std::lock_guard guard{impl_->mutex};
  impl_->set_queue(x);
  impl_->set_worker(x);
  impl_->set_process();
  if (peers)
    impl_->set_peers(*peers);
  if (impl_->store)
    outside_metrics::set_store(impl_->book, *impl_->store);
  auto seen = impl_->account ? impl_->account->seen() : account::sight{};
  outside_metrics::set_unknown(impl_->book, seen);
  auto all = impl_->book.collect();
  if (seen.balance)
    all.push_back(outside_metrics::balance_of(*seen.balance));
  if (impl_->store)
    all.push_back(outside_metrics::command_times(*impl_->store));
  return prometheus::TextSerializer{}.Serialize(all);
}

} // namespace render
