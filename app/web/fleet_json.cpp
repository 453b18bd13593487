#include "app/web/fleet_json.hpp"

#include "app/web/job_json.hpp"
#include "app/web/json_object.hpp"
#include "messages/text/utc_time.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace render::web {

namespace {

using records::field;
using records::number_field;
using records::record;

constexpr size_t running_most = 100;

double usd(int64_t micro) {
  return static_cast<double>(micro) / 1e6;
}

double hours(int64_t ms) {
  return static_cast<double>(ms) / 3.6e6;
}

/// To a thousandth, for charts.
std::string rounded(double x, double to = 1'000) {
  return json_number(std::round(x * to) / to);
}

std::string pair_json(const std::pair<double, double>& x) {
  return "[" + rounded(x.first) + "," + rounded(x.second) + "]";
}

std::string waiting_json(const records::fleet_sight& x) {
  json_object out;
  uint64_t total = x.not_looked_at;
  for (auto& [type, of] : x.waiting) {
    total += of.jobs;
    if (type != "total")
      out.add(type, of.jobs);
  }
  return out.add("total", total).finish();
}

double oldest_wait(const records::fleet_sight& x) {
  double out = 0;
  for (auto& [type, of] : x.waiting)
    out = std::max(out, of.oldest_s);
  return out;
}

/// The ledger's words get company; clients know a closed list.
std::string state_word(const records::open_gpu& x) {
  auto state = gpu_state(x);
  for (auto* known : {"booting", "ready", "stopping"})
    if (state == known)
      return state;
  return "intent";
}

std::string gpu_counts(const std::vector<records::open_gpu>& gpus) {
  std::map<std::string, size_t> count;
  for (auto& x : gpus)
    ++count[state_word(x)];
  json_object out;
  for (auto& [state, n] : count)
    out.add(state, n);
  return out.finish();
}

std::string finding_json(const records::finding& x, bool details) {
  json_object out;
  out.add("what", x.code)
    .add("severity", x.how == records::weight::problem ? "error" : "warning")
    .add("title", x.what)
    .some("likely", details || x.code != "worker_unfit" ? x.cause : "")
    .some("do", x.advice)
    .some("job", x.job)
    .some("gpu", x.gpu)
    .some("worker", x.worker);
  return out.finish();
}

/// They quote errors of providers, storages and receivers.
bool is_for_operators(const records::finding& x) {
  return x.code == "worker_error" || x.code == "webhooks_failing"
         || x.code == "webhooks_dead";
}

std::string attention_json(const std::vector<records::finding>& xs,
                           bool details) {
  json_array out;
  for (auto& x : xs)
    if (details || !is_for_operators(x))
      out.raw(finding_json(x, details));
  return out.finish();
}

std::string running_json(const records::fleet_picture& x) {
  json_array out;
  for (size_t i = 0; i < std::min(x.running.size(), running_most); ++i) {
    job_extras more;
    more.estimate = x.estimates.at(i);
    out.raw(job_json(x.running[i].id, x.running[i].fields, more));
  }
  return out.finish();
}

std::string waits_json(const std::vector<records::type_waits>& xs) {
  json_array out;
  for (auto& x : xs) {
    json_object one;
    one.add("type", x.type)
      .add("count", x.jobs)
      .add("text", x.why.sentence)
      .some("until", x.why.until_s);
    if (x.why.begins_in)
      one.raw("begins_in", pair_json(*x.why.begins_in));
    out.raw(one.finish());
  }
  return out.finish();
}

std::string curve_json(const std::vector<std::optional<double>>& xs) {
  json_array out;
  for (auto& x : xs)
    out.raw(x ? rounded(*x) : "null");
  return out.finish();
}

std::string samples_json(const records::sample_grid& x) {
  json_object out;
  out.add("step", x.step_s)
    .add("from", x.from_s)
    .raw("waiting", curve_json(x.waiting))
    .raw("running", curve_json(x.running))
    .raw("usd_per_hour", curve_json(x.usd_per_hour))
    .raw("idle_share", curve_json(x.idle_share));
  return out.finish();
}

int64_t sum_of(const std::vector<records::worker_view>& xs,
               const std::string& name) {
  int64_t out = 0;
  for (auto& x : xs)
    out += records::count_field(x.fields, name);
  return out;
}

std::string open_json(const records::open_gpu& x,
                      const std::vector<std::string>& jobs) {
  json_object out;
  json_array ids;
  for (auto& id : jobs)
    ids.raw(json::quote(id));
  auto rate = number_field(x.fields, "paid_rate");
  out.add("id", x.id)
    .some("type", field(x.fields, "type"))
    .add("state", state_word(x))
    .some("owner", field(x.fields, "owner"))
    .some("workload", field(x.fields, "workload"))
    .some("node", field(x.fields, "node"))
    .some("launched_at", number_field(x.fields, "launched_at"))
    .some("expires", number_field(x.fields, "expires"))
    .raw("lease_left", rounded(x.left_s))
    .raw("age", rounded(x.age_s))
    .raw("seconds", rounded(x.rented_s))
    .raw("jobs", ids.finish());
  if (rate > 0)
    out.raw("usd", rounded(rate / 1e6 * x.rented_s / 3600, 1e6));
  return out.finish();
}

std::string closed_json(const records::closed_gpu& x) {
  json_object out;
  out.add("id", x.id)
    .some("type", x.type)
    .add("state", "ended")
    .some("owner", x.worker)
    .some("workload", x.workload)
    .some("node", x.node)
    .some("launched_at", x.launched_s)
    .some("stopped_at", x.stopped_s)
    .raw("seconds", rounded(x.rented_s))
    .some("reason", x.reason)
    .some("refund", x.refund);
  if (x.spent)
    out.raw("boot_s", rounded(x.spent->boot_s))
      .raw("busy_s", rounded(x.spent->busy_s))
      .raw("idle_s", rounded(x.spent->idle_s))
      .raw("drain_s", rounded(x.spent->drain_s));
  return out.finish();
}

std::string webhook_json(const records::webhook_entry& x, bool details) {
  auto& f = x.fields;
  json_object out;
  out.add("job", x.job_id)
    .some("host", host_of(field(f, "url")))
    .add("state", x.dead ? "dead" : "pending")
    .add("tries", records::count_field(f, "attempts"));
  // Of a dead one: when it was given up.
  return out.some(x.dead ? "dead_at" : "next_at", x.at_s)
    .some("created_at", number_field(f, "created_ms") / 1000)
    .some("error", details ? field(f, "error") : "")
    .finish();
}

std::string day_text(int64_t hour) {
  return utc_time(static_cast<double>(hour) * 3600, "%Y-%m-%d");
}

std::string day_json(int64_t hour, const records::spent_span& x, bool priced) {
  json_object types;
  int64_t ms = 0;
  for (auto& [type, of] : x.by_type) {
    ms += of.ms;
    json_object one;
    one.raw("gpu_hours", rounded(hours(of.ms), 1e6));
    if (priced)
      one.raw("usd", rounded(usd(of.micro), 1e6));
    types.raw(type, one.finish());
  }
  json_object out;
  out.add("day", day_text(hour)).raw("gpu_hours", rounded(hours(ms), 1e6));
  if (priced)
    out.raw("usd", rounded(usd(x.micro), 1e6));
  return out.raw("types", types.finish()).finish();
}

} // namespace

std::string fleet_json(const records::fleet_picture& x, bool details) {
  json_object out;
  auto& workers = x.seen.workers;
  out.add("now", x.now_s)
    .add("state", state_of(x))
    .add("verdict", x.found.verdict);
  if (!x.seen.pause.empty()) {
    json_object pause;
    pause.add("since", number_field(x.seen.pause, "since"))
      .add("by", field(x.seen.pause, "by"))
      .add("why", field(x.seen.pause, "why"));
    out.raw("paused", pause.finish());
  }
  out.raw("waiting", waiting_json(x.seen))
    .add("running", x.seen.running)
    .raw("oldest_wait", rounded(oldest_wait(x.seen)))
    .add("workers", workers.size())
    .add("slots", sum_of(workers, "slots"))
    .add("free_slots", sum_of(workers, "free_slots"))
    .raw("gpus", gpu_counts(x.seen.gpus));
  auto priced = x.use.micro_per_hour || x.today.micro > 0;
  if (priced)
    out.add("usd_per_hour", usd(x.use.micro_per_hour.value_or(0)))
      .raw("usd_today", rounded(usd(x.today.micro), 1e6));
  out.raw("gpu_hours_today", rounded(hours(x.today.ms), 1e6));
  if (x.idle_share)
    out.raw("idle_share", rounded(*x.idle_share));
  out.raw("attention", attention_json(x.found.findings, details));
  return out.raw("running_jobs", running_json(x))
    .raw("waits", waits_json(x.why))
    .raw("samples", samples_json(x.samples))
    .finish();
}

std::string worker_json(const records::worker_view& x, bool details) {
  auto& f = x.fields;
  json_object out;
  out.add("id", x.id).add("state", worker_state(x));
  if (f.empty())
    return out.finish();
  auto count = [&](const char* name) {
    out.add(name, records::count_field(f, name));
  };
  out.some("version", field(f, "version"))
    .some("host", field(f, "host"))
    .some("started_at", number_field(f, "started_at"))
    .some("seen_at", number_field(f, "seen_at"))
    .add("draining", field(f, "draining") == "1");
  for (auto* name : {"max_gpus", "slots", "free_slots", "jobs", "peers"})
    count(name);
  json_object gpus;
  for (auto* phase : records::gpu_phases)
    gpus.add(phase, records::count_field(f, std::string{"gpus_"} + phase));
  out.raw("gpus", gpus.finish()).some("unfit", field(f, "unfit"));
  if (details)
    out.some("unfit_text", field(f, "unfit_text"))
      .some("error", field(f, "error"))
      .some("error_at", number_field(f, "error_at"))
      .some("settings", field(f, "settings"));
  return out.finish();
}

std::string gpus_json(const std::vector<records::open_gpu>& open,
                      const std::vector<records::closed_gpu>& closed,
                      const std::vector<records::leased_job>& running,
                      const std::optional<records::provider_sight>& provider) {
  std::map<std::string, std::vector<std::string>> jobs;
  for (auto& x : running)
    jobs[field(x.fields, "gpu")].push_back(x.id);
  json_array live;
  for (auto& x : open)
    live.raw(open_json(x, jobs[x.id]));
  json_array ended;
  for (auto& x : closed)
    ended.raw(closed_json(x));
  json_object out;
  out.raw("gpus", live.finish()).raw("closed", ended.finish());
  if (provider)
    out.raw("provider", provider_json(*provider));
  return out.finish();
}

std::string gantt_json(const std::vector<records::gantt_row>& rows,
                       double from_s, double to_s) {
  constexpr std::array<const char*, 4> names{"boot", "idle", "job", "drain"};
  json_array all;
  for (auto& row : rows) {
    json_array segments;
    for (auto& x : row.segments) {
      json_object one;
      one.add("kind", names.at(static_cast<size_t>(x.kind)))
        .raw("from", rounded(x.from_s))
        .raw("to", rounded(x.to_s))
        .some("job", x.job)
        .some("type", x.type);
      segments.raw(one.finish());
    }
    json_object one;
    one.add("gpu", row.gpu.id)
      .some("type", row.gpu.type)
      .some("worker", row.gpu.worker)
      .raw("segments", segments.finish());
    all.raw(one.finish());
  }
  return json_object{}
    .raw("from", rounded(from_s))
    .raw("to", rounded(to_s))
    .raw("rows", all.finish())
    .finish();
}

std::string webhooks_json(const std::vector<records::webhook_entry>& pending,
                          const std::vector<records::webhook_entry>& dead,
                          bool details) {
  json_object out;
  for (auto* list : {&pending, &dead}) {
    json_array all;
    for (auto& x : *list)
      all.raw(webhook_json(x, details));
    out.raw(list == &pending ? "pending" : "dead", all.finish());
  }
  return out.finish();
}

std::string usage_json(const std::map<int64_t, records::spent_span>& spent,
                       uint32_t days, int64_t now_hour) {
  auto priced = std::any_of(spent.begin(), spent.end(), [](auto& x) {
    return x.second.micro > 0 || x.second.reserved > 0;
  });
  auto today = now_hour / 24;
  json_array out;
  for (auto day = today - days + 1; day <= today; ++day) {
    auto at = spent.find(day * 24);
    out.raw(day_json(day * 24,
                     at == spent.end() ? records::spent_span{} : at->second,
                     priced));
  }
  return json_object{}.raw("days", out.finish()).finish();
}

std::string bulk_json(const records::bulk_done& x, bool dry_run) {
  json_object out;
  out.add("matched", x.matched);
  if (dry_run)
    return out.finish();
  json_array ids;
  for (auto& id : x.new_ids)
    ids.raw(json::quote(id));
  return out.add("done", x.done)
    .add("failed", x.failed)
    .raw("new_ids", ids.finish())
    .finish();
}

} // namespace render::web
