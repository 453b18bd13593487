#include "app/records/diagnosis.hpp"

#include "app/records/provider_findings.hpp"
#include "messages/http.hpp"
#include "messages/text/json.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace render::records {

namespace {

// A boot that takes longer is looked at, and so is a job that waits longer:
// boots take half a minute to three minutes.
constexpr double long_boot_s = 300;
constexpr double long_wait_s = 600;
// A launch is answered within a minute, with the retries of a short
// outage.
constexpr double long_call_s = 120;
// Workers look for leases that have run out at least every 30 s.
constexpr double long_abandoned_s = 60;
constexpr double long_overdue_s = 60;
// A stop is confirmed within seconds, with a provider that is away for a moment
// within a minute or two.
constexpr double long_stop_s = 300;
constexpr double fresh_error_s = 600;
constexpr double nearly_full = 0.9;

std::string number(uint64_t x) {
  return std::to_string(x);
}

/// "1 job waits", "3 jobs wait".
std::string counted(uint64_t n, const std::string& one,
                    const std::string& many) {
  return number(n) + " " + (n == 1 ? one : many);
}

/// Soon, at least: a worker looks at its surroundings when it starts.
bool takes_jobs(const std::string& state) {
  return state == "works" || state == "starts" || state == "silent";
}

struct examiner {
  const fleet_sight& seen;
  std::vector<finding> out{};
  uint64_t waiting = 0;
  uint64_t expired = 0;
  double oldest_s = 0;
  uint64_t alive = 0;
  uint64_t working = 0;

  explicit examiner(const fleet_sight& x) : seen(x) {
    waiting = seen.not_looked_at;
    for (auto& [type, y] : seen.waiting) {
      waiting += y.jobs;
      expired += y.expired;
      oldest_s = std::max(oldest_s, y.oldest_s);
    }
    for (auto& one : seen.workers) {
      ++alive;
      // A silent one may be a worker of an older version.
      auto state = worker_state(one);
      working += takes_jobs(state) ? 1 : 0;
    }
  }

  void problem(const char* code, std::string what, std::string cause,
               std::string advice) {
    out.push_back({weight::problem, std::move(what), std::move(cause),
                   std::move(advice), code});
  }

  void warning(const char* code, std::string what, std::string cause,
               std::string advice) {
    out.push_back({weight::warning, std::move(what), std::move(cause),
                   std::move(advice), code});
  }

  std::string who_waits() const {
    std::string types;
    for (auto& [type, x] : seen.waiting)
      types += (types.empty() ? "" : ", ") + excerpt(type, 20) + " "
               + number(x.jobs);
    return counted(waiting, "job waits", "jobs wait")
           + (types.empty() ? "" : " (" + types + ")") + ", the oldest for "
           + span_text(oldest_s);
  }

  void look_at_redis() {
    auto& x = seen.store;
    if (x.limit > 0
        && static_cast<double>(x.used)
             >= nearly_full * static_cast<double>(x.limit))
      problem("redis_full",
              "Redis uses " + number(100 * x.used / x.limit)
                + " % of its maxmemory",
              "too many records, or a limit that is too low; a full Redis "
              "refuses the writes of producers and workers",
              "raise maxmemory, or set JOB_TTL so that records of ended jobs "
              "expire");
    if (!x.eviction.empty() && x.eviction != "noeviction")
      problem("redis_evicts",
              "Redis may throw keys away: maxmemory-policy is "
                + excerpt(x.eviction, 40),
              "it is set up as a cache", "set maxmemory-policy noeviction");
    if (!x.last_save.empty() && x.last_save != "ok")
      problem("redis_disk",
              "Redis could not write to its disk (" + excerpt(x.last_save, 40)
                + ")",
              "its disk is full or broken; it may refuse writes until that is "
              "mended",
              "look into Redis' log, and make room");
  }

  void look_at_workers() {
    if (alive == 0)
      return waiting > 0
               ? problem("no_worker", "no worker is alive; " + who_waits(),
                         "no worker runs, or none reaches this Redis",
                         "start a worker (c3-render-worker), or read why it "
                         "ended in its log")
               : warning("no_worker", "no worker is alive",
                         "no worker runs, or none reaches this Redis",
                         "start a worker before jobs are pushed");
    if (working == 0 && waiting > 0)
      problem("no_worker_claims", "no worker claims jobs; " + who_waits(),
              "see below",
              "mend what makes the workers unfit, or start one that stays");
    for (auto& x : seen.workers) {
      auto from = out.size();
      look_at_worker(x);
      for (; from < out.size(); ++from)
        out[from].worker = x.id;
    }
  }

  void look_at_worker(const worker_view& x) {
    auto who = "worker " + excerpt(x.id, 60);
    auto state = worker_state(x);
    if (state == "draining")
      warning("worker_drains", who + " drains", "it was told to stop",
              "nothing, if that was wanted; else start it again");
    else if (!takes_jobs(state))
      problem("worker_unfit", who + " is " + state,
              excerpt(field(x.fields, "unfit_text"), 300),
              "mend that; the worker looks again by itself within 30 s");
    auto text = field(x.fields, "error");
    auto at = number_field(x.fields, "error_at");
    auto age = std::max(0.0, x.now_s - at);
    // What makes it unfit is said already.
    if (text.empty() || age > fresh_error_s || text.starts_with("unfit ("))
      return;
    auto [cause, advice] = cause_of(text);
    if (cause.empty())
      warning("worker_error",
              who + ": latest error, " + span_text(age) + " ago",
              excerpt(text, 300), "see docs/operations.md for this line");
    else
      problem("worker_error", who + ": " + excerpt(text, 200), std::move(cause),
              std::move(advice));
  }

  void look_at_balance() {
    auto left = latest_balance(seen.workers);
    if (left && left->amount <= 0)
      problem("no_balance",
              "the provider says that the account's balance is "
                + balance_text(left->amount) + ", " + span_text(left->age_s)
                + " ago",
              "the account has no money left", "top up the account");
  }

  void look_at_launches() {
    if (!seen.pause.empty())
      problem("paused",
              "launches are paused by " + excerpt(field(seen.pause, "by"), 80)
                + ": " + excerpt(field(seen.pause, "why"), 200),
              "somebody has paused the fleet", "c3ctl resume");
    std::set<std::pair<std::string, std::string>> told;
    for (auto& x : seen.workers)
      for (auto& held : launches_of(x))
        if (told.emplace(held.type, held.reason).second)
          look_at_launch(held);
  }

  void look_at_launch(const held_launch& x) {
    auto what = "no GPU of " + excerpt(x.type, 40) + " for "
                + counted(x.jobs, "job", "jobs") + ": " + excerpt(x.text, 200);
    if (x.reason == "provider_refuses") {
      auto [cause, advice] = cause_of(x.text);
      if (cause.empty())
        cause = "GPUs fail, or the provider refuses them";
      if (advice.empty())
        advice = "read the workers' logs for \"launch\"; the workers try again "
                 "by themselves";
      problem("provider_refuses", what, std::move(cause), std::move(advice));
    } else if (x.reason == "budget") {
      problem("budget", what,
              "MAX_SPEND_PER_HOUR or MAX_SPEND_PER_DAY is reached",
              "wait for the next hour or day, or raise the limit");
    } else if (x.reason == "max_gpus" && oldest_s > long_wait_s) {
      warning("max_gpus", what, "more jobs come than MAX_GPUS GPUs can do",
              "raise MAX_GPUS, or start more workers");
    }
  }

  void look_at_queue() {
    if (expired > 0)
      problem("deadline_passed",
              counted(expired, "waiting job has", "waiting jobs have")
                + " passed the deadline",
              working == 0 ? "no worker claims jobs"
                           : "the fleet is too slow for what comes",
              "see the other findings; more workers or a higher MAX_GPUS help "
              "against a queue that grows");
    else if (working > 0 && oldest_s > long_wait_s)
      warning("long_wait", who_waits(),
              "all GPUs are busy, boot, or cannot be rented",
              "c3ctl gpus shows what is rented, each worker's /status why it "
              "launches no more");
    if (seen.abandoned > 0 && seen.abandoned_s > long_abandoned_s)
      problem("jobs_abandoned",
              counted(seen.abandoned, "running job is", "running jobs are")
                + " nobody's since " + span_text(seen.abandoned_s),
              alive == 0 ? "their worker has died, and no other one is alive"
                         : "their worker has died, and no other one takes over",
              alive == 0 ? "start a worker: it takes them over within a minute"
                         : "look into the workers' logs for \"lease\"");
  }

  void look_at_gpus() {
    for (auto& x : seen.gpus) {
      auto from = out.size();
      look_at_gpu(x);
      for (; from < out.size(); ++from)
        out[from].gpu = x.id;
    }
  }

  void look_at_gpu(const open_gpu& x) {
    auto what = "GPU " + excerpt(x.id, 60) + " ("
                + excerpt(field(x.fields, "type"), 40) + ") ";
    if (x.left_s < -long_abandoned_s)
      return problem("gpu_abandoned",
                     what + "is nobody's since " + span_text(-x.left_s)
                       + ", and it costs money",
                     "its worker has died, and no other one takes over",
                     alive == 0 ? "start a worker: it adopts or stops the GPU "
                                  "within a minute"
                                : "look into the workers' logs for \"ledger\"");
    auto state = gpu_state(x);
    if (state == "stopping" && x.stopping_s > long_stop_s)
      return problem(
        "stop_unconfirmed",
        what + "is being stopped since " + span_text(x.stopping_s)
          + ", which the provider has not confirmed: it may cost money",
        "the provider does not answer, or refuses the stop",
        "look at the provider for workload "
          + excerpt(field(x.fields, "workload"), 60)
          + ", and stop it there; the worker goes on trying meanwhile");
    if (state == "intent" && x.age_s > long_call_s)
      return warning("launch_slow",
                     what + "is asked for since " + span_text(x.age_s),
                     "the provider has none free, or refuses the launch",
                     "see the latest error of worker "
                       + excerpt(field(x.fields, "owner"), 60));
    if (state == "booting" && x.age_s > long_boot_s)
      warning("boot_slow", what + "boots since " + span_text(x.age_s),
              "a slow machine, or one that hangs",
              "nothing: the worker gives it up after GPU_BOOT_TIMEOUT and "
              "launches another one");
  }

  void look_at_provider() {
    if (seen.provider)
      for (auto& x : findings_of(*seen.provider))
        out.push_back(std::move(x));
  }

  void look_at_ended() {
    if (seen.failed_lately > 0)
      warning("jobs_failed",
              counted(seen.failed_lately, "job has", "jobs have")
                + " failed within the last hour, the latest with: "
                + excerpt(seen.failed_error, 200),
              "its error says it; the same one many times means a GPU, a "
              "setting or a producer that is wrong",
              "c3ctl jobs --status failed, then c3ctl trace ID");
  }

  void look_at_webhooks() {
    if (seen.webhooks_failing > 0)
      warning("webhooks_failing",
              counted(seen.webhooks_failing, "webhook does", "webhooks do")
                + " not get through, the first with: "
                + excerpt(seen.webhook_failure, 120),
              "the receiver is down, or its address is wrong",
              "nothing while tries go on; c3ctl webhooks list shows the rest");
    if (seen.webhooks_dead > 0)
      warning(
        "webhooks_dead",
        counted(seen.webhooks_dead, "webhook was", "webhooks were")
          + " given up"
          + (seen.webhook_error.empty()
               ? ""
               : ", the latest with: " + excerpt(seen.webhook_error, 120)),
        "their receivers did not take them in any of five tries",
        "mend the receiver, then c3ctl webhooks replay --all");
    if (seen.webhook_overdue_s > long_overdue_s)
      problem("webhooks_overdue",
              counted(seen.webhooks_waiting, "webhook waits", "webhooks wait")
                + ", the first is overdue since "
                + span_text(seen.webhook_overdue_s),
              alive == 0 ? "no worker is alive to deliver them"
                         : "no worker delivers them",
              alive == 0 ? "start a worker"
                         : "look into the workers' logs for \"webhook\"");
  }

  std::string verdict() const {
    auto problems = std::any_of(out.begin(), out.end(), [](auto& x) {
      return x.how == weight::problem;
    });
    if (working == 0)
      return waiting > 0 || seen.running > 0 ? "no work flows"
                                             : "no work could flow";
    if (waiting == 0 && seen.running == 0)
      return problems ? "nothing to do, but there are problems"
                      : "nothing to do; a job that comes would be taken";
    if (seen.running == 0)
      return "no job runs yet, " + counted(waiting, "waits", "wait");
    return problems ? "work flows, with problems" : "work flows";
  }
};

struct known_error {
  std::string_view part;
  std::string_view cause;
  std::string_view advice;
};

constexpr std::string_view wrong_key
  = "the provider does not take the API key: it is wrong or revoked";
constexpr std::string_view new_key
  = "set C3_API_KEY to a valid key and restart the worker; GPUs that are warm "
    "go on working";

// Parts of what the provider, Redis and the storage say, most telling first.
// Comput3 answers a wrong key with 403, a proxy before it with 401.
constexpr std::array<known_error, 12> known_errors{{
  {"Invalid API key", wrong_key, new_key},
  {"HTTP 401", wrong_key, new_key},
  {"HTTP 403", "the account may not do this",
   "look at the account and its key at the provider"},
  {"HTTP 402", "the account has no money left", "top up the account"},
  {"Unknown workload type",
   "a GPU type in the settings is misspelt, or the "
   "provider has withdrawn it",
   "compare the settings with the provider's list of types"},
  {"HTTP 503", "the provider has no GPU of this type free",
   "wait: the worker tries again by itself, more and more slowly"},
  {"HTTP 429", "the provider limits how often it is asked",
   "wait: the worker slows down by itself"},
  {"has lost writes",
   "Redis was emptied, or restarted without what it had "
   "confirmed",
   "push queued jobs again; the workers have written the rest anew. Turn on "
   "appendonly"},
  {"OOM command not allowed", "Redis is full", "raise maxmemory"},
  {"NOPERM", "the worker's Redis user lacks a right",
   "give it the rights that docs/configuration.md lists"},
  {"could not confirm the stop", "the provider does not answer, or refuses",
   "stop that workload at the provider by hand: it costs money"},
  {"connection refused", "a server that the worker needs is down",
   "start it; the worker goes on by itself"},
}};

} // namespace

bool diagnosis::well() const {
  return worst() != weight::problem;
}

std::optional<weight> diagnosis::worst() const {
  std::optional<weight> out;
  for (auto& x : findings)
    out = std::min(out.value_or(x.how), x.how);
  return out;
}

likely_cause cause_of(const std::string& error) {
  for (auto& x : known_errors)
    if (error.find(x.part) != std::string::npos)
      return {std::string{x.cause}, std::string{x.advice}};
  return {};
}

diagnosis diagnose(const fleet_sight& x) {
  examiner it{x};
  it.look_at_redis();
  it.look_at_workers();
  it.look_at_balance();
  it.look_at_launches();
  it.look_at_queue();
  it.look_at_gpus();
  it.look_at_provider();
  it.look_at_ended();
  it.look_at_webhooks();
  std::stable_sort(it.out.begin(), it.out.end(), [](auto& a, auto& b) {
    return a.how < b.how;
  });
  auto verdict = it.verdict();
  return {std::move(verdict), std::move(it.out)};
}

} // namespace render::records
