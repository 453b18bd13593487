// What /metrics says after events, and of a status.
#include "app/worker/metrics.hpp"

#include <boost/test/unit_test.hpp>

#include <thread>
#include <vector>

using namespace render;

namespace {

struct book {
  metrics x{{"1.2",
             {"media:fast"},
             {{workload_type{"media:fast"}, 1'200'000}},
             [] {
               return uint64_t{3};
             },
             "abc"}};
  msg::node_status status;

  void tell(std::string_view name, const std::string& type,
            const std::string& outcome = {}, const std::string& kind = {},
            double seconds = -1) {
    event e{name};
    e.type = type;
    e.workload = "media:fast";
    e.outcome = outcome;
    e.error_kind = kind;
    e.seconds = seconds;
    x.on_event(e);
  }

  bool has(const std::string& line) {
    return ("\n" + x.text(status)).find("\n" + line + "\n")
           != std::string::npos;
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(the_metrics)

BOOST_AUTO_TEST_CASE(have_their_zeros_from_the_start) {
  book b;
  for (auto* line :
       {"c3_build_info{commit=\"abc\",version=\"1.2\"} 1",
        "c3_jobs_ended_total{reason=\"none\",status=\"success\",type=\"csm\"} "
        "0",
        "c3_jobs_ended_total{reason=\"expired\",status=\"failed\",type="
        "\"whisper\"} 0",
        "c3_job_wait_seconds_count{type=\"portrait\"} 0",
        "c3_jobs_deadline_missed_total{type=\"analyze\"} 0",
        "c3_gpu_launches_total{outcome=\"failed\",workload=\"media:fast\"} 0",
        "c3_gpu_boot_seconds_count{workload=\"media:fast\"} 0",
        "c3_webhook_deliveries_total{outcome=\"dead\"} 0",
        "c3_trace_spans_total{outcome=\"dropped\"} 0",
        "c3_jobs_waiting{scope=\"fleet\",type=\"csm\"} 0",
        "c3_jobs_oldest_wait_seconds{scope=\"fleet\"} 0",
        "c3_gpus{phase=\"booting\",workload=\"media:fast\"} 0",
        "c3_jobs_blocked{reason=\"max_gpus\",workload=\"media:fast\"} 0",
        "c3_log_lines_dropped_total 3",
        "c3_job_stage_seconds_count{stage=\"upload\",type=\"csm\"} 0",
        "c3_provider_requests_total{call=\"launch\",code=\"200\"} 0",
        "c3_provider_request_seconds_count{call=\"stop\"} 0",
        "c3_storage_upload_seconds_count{outcome=\"failed\"} 0",
        "c3_storage_bytes_total 0",
        "c3_input_bytes_total 0",
        "c3_http_requests_total{code=\"200\",route=\"/healthz\"} 0"})
    BOOST_TEST(b.has(line), line << "\n" << b.x.text(b.status));
}

BOOST_AUTO_TEST_CASE(count_spans_by_what_came_of_them) {
  book b;
  event e{"trace_spans"};
  e.outcome = "exported";
  e.count = 512;
  b.x.on_event(e);
  e.count = 3;
  b.x.on_event(e);
  BOOST_TEST(b.has("c3_trace_spans_total{outcome=\"exported\"} 515"));
}

BOOST_AUTO_TEST_CASE(count_ends_by_type_status_and_reason) {
  book b;
  b.tell("job_ended", "csm", "success", "", 12);
  b.tell("job_ended", "csm", "success", "", 700);
  b.tell("job_ended", "csm", "failed", "expired");
  b.tell("job_ended", "opera", "failed", "invalid_input");
  b.tell("job_ended", "csm", "failed", "");
  for (auto* line :
       {"c3_jobs_ended_total{reason=\"none\",status=\"success\",type=\"csm\"} "
        "2",
        "c3_jobs_ended_total{reason=\"expired\",status=\"failed\",type=\"csm\"}"
        " 1",
        "c3_jobs_ended_total{reason=\"invalid_input\",status=\"failed\",type="
        "\"other\"} 1",
        "c3_jobs_ended_total{reason=\"unknown\",status=\"failed\",type=\"csm\"}"
        " 1",
        "c3_jobs_deadline_missed_total{type=\"csm\"} 1",
        "c3_job_total_seconds_count{type=\"csm\"} 2",
        "c3_job_total_seconds_bucket{type=\"csm\",le=\"20\"} 1",
        "c3_job_total_seconds_sum{type=\"csm\"} 712"})
    BOOST_TEST(b.has(line), line << "\n" << b.x.text(b.status));
}

BOOST_AUTO_TEST_CASE(keep_histograms_from_one_look_to_the_next) {
  book b;
  b.tell("job_claimed", "csm", "", "", 3);
  b.x.text(b.status);
  b.tell("job_claimed", "csm", "", "", 4);
  // Whoever does not know how long says nothing.
  b.tell("job_claimed", "csm");
  b.tell("job_rendered", "csm", "", "", 30);
  BOOST_TEST(b.has("c3_job_wait_seconds_count{type=\"csm\"} 2"));
  BOOST_TEST(b.has("c3_job_wait_seconds_sum{type=\"csm\"} 7"));
  BOOST_TEST(b.has("c3_job_run_seconds_count{type=\"csm\"} 1"));
}

BOOST_AUTO_TEST_CASE(tell_launches_that_worked_from_those_that_did_not) {
  book b;
  b.tell("gpu_launched", "");
  b.tell("gpu_launch_failed", "", "", "unavailable");
  b.tell("gpu_launch_failed", "", "", "unavailable");
  b.tell("gpu_ready", "csm", "", "", 33);
  b.tell("gpu_stopped", "");
  b.tell("gpu_stop_unconfirmed", "");
  for (auto* line :
       {"c3_gpu_launches_total{outcome=\"launched\",workload=\"media:fast\"} 1",
        "c3_gpu_launches_total{outcome=\"failed\",workload=\"media:fast\"} 2",
        "c3_gpu_boot_seconds_sum{workload=\"media:fast\"} 33",
        "c3_gpu_stops_total{outcome=\"confirmed\",workload=\"media:fast\"} 1",
        "c3_gpu_stops_total{outcome=\"unconfirmed\",workload=\"media:fast\"} "
        "1"})
    BOOST_TEST(b.has(line), line << "\n" << b.x.text(b.status));
}

BOOST_AUTO_TEST_CASE(add_up_what_gpus_were_paid_for) {
  book b;
  BOOST_TEST(b.has("c3_spend_dollars_total{workload=\"media:fast\"} 0"));
  BOOST_TEST(
    b.has("c3_gpu_seconds_total{use=\"idle\",workload=\"media:fast\"} 0"));
  b.tell("gpu_spent", "", "boot", "", 600);
  b.tell("gpu_spent", "", "busy", "", 3'000);
  b.tell("gpu_spent", "", "busy", "", 2'400);
  BOOST_TEST(
    b.has("c3_gpu_seconds_total{use=\"busy\",workload=\"media:fast\"} 5400"));
  BOOST_TEST(
    b.has("c3_gpu_seconds_total{use=\"boot\",workload=\"media:fast\"} 600"));
  BOOST_TEST(b.has("c3_spend_dollars_total{workload=\"media:fast\"} 2"));
}

BOOST_AUTO_TEST_CASE(count_webhooks_and_attempts) {
  book b;
  b.tell("webhook_failed", "", "failed", "http_503");
  b.tell("webhook_delivered", "", "delivered", "", 6);
  b.tell("webhook_dead", "", "dead", "http_404");
  b.tell("attempt_failed", "csm", "", "unavailable");
  b.tell("job_returned", "csm");
  b.tell("something_else", "csm");
  for (auto* line : {"c3_webhook_deliveries_total{outcome=\"failed\"} 1",
                     "c3_webhook_deliveries_total{outcome=\"delivered\"} 1",
                     "c3_webhook_deliveries_total{outcome=\"dead\"} 1",
                     "c3_webhook_seconds_sum 6",
                     "c3_job_attempts_failed_total{kind=\"unavailable\",type="
                     "\"csm\"} 1",
                     "c3_jobs_returned_total{type=\"csm\"} 1"})
    BOOST_TEST(b.has(line), line << "\n" << b.x.text(b.status));
}

BOOST_AUTO_TEST_CASE(show_a_status_and_go_back_to_zero_with_it) {
  book b;
  b.status.waiting_by_type = {{"analyze", 4}};
  b.status.oldest_wait_s = 20;
  b.status.unfit = "disk";
  b.status.disk_free_bytes = 4'096;
  b.status.results_waiting = 3;
  b.status.running_jobs = {"a", "b"};
  b.status.gpus.resize(1);
  b.status.gpus[0].phase = gpu_phase::ready;
  b.status.gpus[0].type = workload_type{"ollama_webui:fast"};
  auto& why = b.status.launches["ollama_webui:fast"];
  why.kind = launch_reason_kind::provider_refuses;
  why.jobs = 4;
  for (auto* line :
       {"c3_jobs_waiting{scope=\"fleet\",type=\"analyze\"} 4",
        "c3_jobs_oldest_wait_seconds{scope=\"fleet\"} 20",
        "c3_unfit{reason=\"disk\"} 1", "c3_unfit{reason=\"storage\"} 0",
        "c3_disk_free_bytes 4096", "c3_results_waiting 3", "c3_jobs_running 2",
        "c3_gpus{phase=\"ready\",workload=\"ollama_webui:fast\"} 1",
        "c3_gpus{phase=\"ready\",workload=\"media:fast\"} 0",
        "c3_jobs_blocked{reason=\"provider_refuses\",workload=\"ollama_webui:"
        "fast\"} 4"})
    BOOST_TEST(b.has(line), line << "\n" << b.x.text(b.status));
  b.status = {};
  for (auto* line :
       {"c3_jobs_waiting{scope=\"fleet\",type=\"analyze\"} 0",
        "c3_jobs_oldest_wait_seconds{scope=\"fleet\"} 0",
        "c3_unfit{reason=\"disk\"} 0",
        "c3_gpus{phase=\"ready\",workload=\"ollama_webui:fast\"} 0",
        "c3_jobs_blocked{reason=\"provider_refuses\",workload=\"ollama_webui:"
        "fast\"} 0"})
    BOOST_TEST(b.has(line), line << "\n" << b.x.text(b.status));
}

BOOST_AUTO_TEST_CASE(tell_of_the_process) {
  book b;
  auto text = b.x.text(b.status);
  for (auto* name : {"process_start_time_seconds", "process_cpu_seconds_total",
                     "process_resident_memory_bytes", "process_open_fds",
                     "process_max_fds"}) {
    auto at = text.find("\n" + std::string{name} + " ");
    BOOST_REQUIRE(at != std::string::npos);
    BOOST_TEST(std::stod(text.substr(at + std::string{name}.size() + 2)) > 0,
               name);
  }
}

BOOST_AUTO_TEST_CASE(count_what_is_asked_of_others) {
  book b;
  auto tell = [&b](std::string_view name, std::string_view part,
                   const std::string& outcome, double seconds, uint64_t bytes) {
    event x{name};
    x.type = "csm";
    x.part = part;
    x.outcome = outcome;
    x.seconds = seconds;
    x.bytes = bytes;
    b.x.on_event(x);
  };
  tell("provider_called", "launch", "200", 2, 0);
  tell("provider_called", "launch", "503", 1, 0);
  tell("provider_called", "list", "unavailable", 10, 0);
  tell("result_upload", {}, "stored", 3, 1'000);
  tell("result_upload", {}, "failed", 9, 0);
  tell("input_fetched", {}, "", -1, 70);
  tell("input_fetched", {}, "", -1, 7);
  tell("stage_ended", "upload", "", 4, 0);
  for (auto* line :
       {"c3_provider_requests_total{call=\"launch\",code=\"200\"} 1",
        "c3_provider_requests_total{call=\"launch\",code=\"503\"} 1",
        "c3_provider_requests_total{call=\"list\",code=\"unavailable\"} 1",
        "c3_provider_request_seconds_sum{call=\"launch\"} 3",
        "c3_storage_upload_seconds_sum{outcome=\"stored\"} 3",
        "c3_storage_upload_seconds_count{outcome=\"failed\"} 1",
        "c3_storage_bytes_total 1000", "c3_input_bytes_total 77",
        "c3_job_stage_seconds_sum{stage=\"upload\",type=\"csm\"} 4"})
    BOOST_TEST(b.has(line), line << "\n" << b.x.text(b.status));
}

BOOST_AUTO_TEST_CASE(count_what_they_are_asked_themselves) {
  book b;
  b.x.on_request("/metrics", 200, 0.02);
  b.x.on_request("/healthz", 503, 0.01);
  // What a stranger asks for becomes no label.
  b.x.on_request("/../etc/passwd", 404, 0.01);
  b.x.on_request("", 405, 0);
  for (auto* line :
       {"c3_http_requests_total{code=\"200\",route=\"/metrics\"} 1",
        "c3_http_requests_total{code=\"503\",route=\"/healthz\"} 1",
        "c3_http_requests_total{code=\"404\",route=\"other\"} 1",
        "c3_http_requests_total{code=\"405\",route=\"other\"} 1",
        "c3_http_request_seconds_count{route=\"other\"} 2"})
    BOOST_TEST(b.has(line), line << "\n" << b.x.text(b.status));
}

BOOST_AUTO_TEST_CASE(show_what_the_job_store_counts) {
  book b;
  auto counts = std::make_shared<job_store::store_counts>();
  BOOST_TEST(!b.has("c3_redis_up 0"));
  b.x.read(counts);
  for (auto* line :
       {"c3_redis_up 0", "c3_redis_amnesia_total 0",
        "c3_writes_fenced_total{kind=\"end\"} 0",
        "c3_writes_fenced_total{kind=\"run\"} 0", "c3_jobs_recovered_total 0",
        "c3_journal_write_errors_total 0"})
    BOOST_TEST(b.has(line), line << "\n" << b.x.text(b.status));
  // Not known before the first heartbeat.
  BOOST_TEST(b.x.text(b.status).find("\nc3_webhooks_") == std::string::npos);
  counts->up.set(true);
  counts->losses.add();
  counts->ends_fenced.add(2);
  counts->recovered.add(3);
  counts->journal_errors.add(4);
  counts->webhooks_pending.set(5);
  // Redis is asked no more: the last number stays.
  counts->webhooks_dead.set(6);
  b.x.text(b.status);
  counts->webhooks_dead.set(-1);
  static const job_store::script claim{"claim", "", ""};
  counts->on_command(&claim, 0.0007);
  counts->on_command(&claim, 0.02);
  counts->on_command(&claim, 60);
  counts->on_command(nullptr, 0.0001);
  for (auto* line :
       {"c3_redis_up 1", "c3_redis_amnesia_total 1",
        "c3_writes_fenced_total{kind=\"end\"} 2", "c3_jobs_recovered_total 3",
        "c3_journal_write_errors_total 4",
        "c3_webhooks_pending{scope=\"fleet\"} 5",
        "c3_webhooks_dead{scope=\"fleet\"} 6",
        "c3_redis_command_seconds_count{script=\"claim\"} 3",
        "c3_redis_command_seconds_bucket{script=\"claim\",le=\"0.0005\"} 0",
        "c3_redis_command_seconds_bucket{script=\"claim\",le=\"0.001\"} 1",
        "c3_redis_command_seconds_bucket{script=\"claim\",le=\"0.025\"} 2",
        "c3_redis_command_seconds_bucket{script=\"claim\",le=\"+Inf\"} 3",
        "c3_redis_command_seconds_count{script=\"other\"} 1"})
    BOOST_TEST(b.has(line), line << "\n" << b.x.text(b.status));
}

BOOST_AUTO_TEST_CASE(show_the_account_where_it_is_known) {
  book b;
  auto seen = std::make_shared<account::note>();
  b.x.read({}, seen);
  BOOST_TEST(b.x.text(b.status).find("c3_balance") == std::string::npos);
  seen->see(job_store::account_balance{12.5, 1'700'000'000});
  seen->see({{workload_type{"media:fast"}, 2}}, {});
  BOOST_TEST(b.has("c3_balance{scope=\"fleet\"} 12.5"));
  BOOST_TEST(b.has("c3_gpu_workloads_unknown{scope=\"fleet\",workload=\"media:"
                   "fast\"} 2"));
  seen->see(std::optional<job_store::account_balance>{});
  BOOST_TEST(b.x.text(b.status).find("c3_balance") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(show_the_peers) {
  book b;
  msg::peers_report peers;
  peers.frames_sent = 5;
  b.x.text(b.status, &peers);
  peers.frames_sent = 9;
  BOOST_TEST(b.x.text(b.status, &peers)
               .find("c3_peer_frames_total{direction=\"sent\"} 9\n")
             != std::string::npos);
}

BOOST_AUTO_TEST_CASE(take_events_from_many_threads) {
  book b;
  std::vector<std::thread> threads;
  for (auto i = 0; i < 4; ++i)
    threads.emplace_back([&b] {
      for (auto j = 0; j < 500; ++j)
        b.tell("job_ended", "csm", "success", "", 1);
    });
  for (auto i = 0; i < 20; ++i)
    b.x.text(b.status);
  for (auto& x : threads)
    x.join();
  BOOST_TEST(b.has("c3_jobs_ended_total{reason=\"none\",status=\"success\","
                   "type=\"csm\"} 2000"));
}

BOOST_AUTO_TEST_SUITE_END()
