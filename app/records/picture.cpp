#include "app/records/picture.hpp"

#include "app/records/samples.hpp"
#include "app/records/sight.hpp"
#include "messages/http.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace render::records {

namespace {

constexpr double hour_s = 3'600;
constexpr double day_s = 86'400;
/// 288 steps of a day.
constexpr double step_s = 300;

std::vector<type_waits> why_types_wait(const waits& all,
                                       const std::vector<queued_job>& queue) {
  std::map<std::string, size_t> last;
  std::map<std::string, size_t> count;
  for (size_t i = 0; i < queue.size(); ++i)
    if (!is_final(queue[i].status) && !queue[i].type.empty()) {
      last[queue[i].type] = i;
      ++count[queue[i].type];
    }
  std::vector<type_waits> out;
  for (auto& [type, at] : last) {
    std::vector<std::string> before;
    for (size_t i = 0; i <= at; ++i)
      before.push_back(queue[i].type);
    out.push_back({type, count[type], all.why(before, 0)});
  }
  return out;
}

/// csm and whisper tell no progress.
std::vector<std::optional<double>>
estimates_of(const waits& all, const std::vector<leased_job>& running) {
  std::vector<std::optional<double>> out;
  for (auto& x : running) {
    auto began = number_field(x.fields, "started_at");
    out.push_back(began > 0
                    ? all.progress(field(x.fields, "type"), all.now_s() - began)
                    : std::nullopt);
  }
  return out;
}

result<accrued> used_today(redis& db, const std::vector<open_gpu>& gpus,
                           double now_s) {
  auto days = spent_by_day(db, 1);
  if (!days)
    return fail(days.error());
  auto midnight_s = std::floor(now_s / day_s) * day_s;
  auto out = accrued_since(gpus, midnight_s, now_s);
  if (auto at = days->find(static_cast<int64_t>(midnight_s / hour_s));
      at != days->end()) {
    out.micro += at->second.micro;
    for (auto& [type, x] : at->second.by_type)
      out.ms += x.ms;
  }
  return out;
}

} // namespace

std::string state_of(const fleet_picture& x) {
  auto& workers = x.seen.workers;
  if (workers.empty())
    return "no_worker";
  if (!x.seen.pause.empty())
    return "paused";
  if (std::all_of(workers.begin(), workers.end(), [](auto& y) {
        return worker_state(y) == "draining";
      }))
    return "draining";
  auto worst = x.found.worst();
  if (!worst)
    return "ok";
  return *worst == weight::problem ? "problem" : "attention";
}

std::vector<finding> attention_of(const diagnosis& found,
                                  const std::vector<risky_job>& risky) {
  auto out = found.findings;
  if (risky.empty())
    return out;
  auto one = risky.size() == 1;
  finding x;
  x.what = std::to_string(risky.size()) + (one ? " job is" : " jobs are")
           + " unlikely to end before " + (one ? "its" : "their")
           + (one ? " deadline: " : " deadlines, the first is ")
           + excerpt(risky.front().id, 80);
  x.cause = "by what boots and runs took lately, its GPU comes too late";
  x.advice = "raise MAX_GPUS or start more workers, if it matters";
  x.code = "deadline_at_risk";
  x.job = risky.front().id;
  // Behind the problems.
  auto at = std::find_if(out.begin(), out.end(), [](auto& y) {
    return y.how != weight::problem;
  });
  out.insert(at, std::move(x));
  return out;
}

result<fleet_picture> read_fleet_picture(redis& db) {
  fleet_picture out;
  auto seen = read_fleet_sight(db);
  if (!seen)
    return fail(seen.error());
  out.seen = std::move(*seen);
  auto all = waits::read(db);
  if (!all)
    return fail(all.error());
  out.now_s = all->now_s();
  auto queue = read_queue_head(db);
  if (!queue)
    return fail(queue.error());
  auto running = read_leased(db, 10'000);
  if (!running)
    return fail(running.error());
  auto today = used_today(db, out.seen.gpus, out.now_s);
  if (!today)
    return fail(today.error());
  auto samples = read_samples(db, out.now_s - day_s - step_s);
  if (!samples)
    return fail(samples.error());
  std::stable_sort(running->begin(), running->end(), [](auto& a, auto& b) {
    return number_field(a.fields, "started_at")
           > number_field(b.fields, "started_at");
  });
  out.found = diagnose(out.seen);
  out.found.findings = attention_of(out.found,
                                    jobs_at_risk(*all, *queue, *running));
  out.why = why_types_wait(*all, *queue);
  out.estimates = estimates_of(*all, *running);
  out.use = use_of(out.seen.gpus, busy_gpus(*running));
  out.running = std::move(*running);
  out.today = *today;
  out.idle_share = idle_share_since(*samples, out.now_s - hour_s);
  if (!out.idle_share)
    out.idle_share = out.use.idle_share();
  out.samples = grid_of(*samples, out.now_s, step_s,
                        static_cast<size_t>(day_s / step_s));
  return out;
}

} // namespace render::records
