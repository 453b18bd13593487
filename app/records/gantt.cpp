#include "app/records/gantt.hpp"

#include "messages/text/json.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace render::records {

namespace {

using span = std::pair<double, double>;
using what = gantt_segment::what;

uint32_t attempt_of(const record& x) {
  return static_cast<uint32_t>(
    std::clamp(number_field(x, "attempt"), 0.0, 1e6));
}

/// Of what events tell of one GPU.
struct gpu_dates {
  double launched_s = 0;
  double ready_s = 0;
  double stopping_s = 0;
};

std::map<std::string, gpu_dates>
dates_of(const std::vector<told_event>& events) {
  std::map<std::string, gpu_dates> out;
  auto first = [](double& to, double at_s) {
    if (to == 0)
      to = at_s;
  };
  for (auto& x : events) {
    auto gpu = field(x.fields, "gpu");
    if (x.what == "gpu_running")
      first(out[gpu].launched_s, x.at_s);
    else if (x.what == "gpu_ready")
      first(out[gpu].ready_s, x.at_s);
    else if (x.what == "gpu_stopping")
      first(out[gpu].stopping_s, x.at_s);
  }
  return out;
}

gpu_life life_of(const open_gpu& x, const gpu_dates& told, double now_s) {
  gpu_life out{x.id, field(x.fields, "type"), field(x.fields, "owner")};
  out.launched_s = number_field(x.fields, "launched_at");
  if (out.launched_s == 0 && gpu_state(x) != "intent")
    out.launched_s = told.launched_s > 0 ? told.launched_s : now_s - x.age_s;
  auto state = gpu_state(x);
  out.ready_s = told.ready_s;
  out.stopping_s = told.stopping_s;
  if (state == "ready" && out.ready_s == 0)
    out.ready_s = out.launched_s;
  if (state == "stopping" && out.stopping_s == 0) {
    out.stopping_s = now_s;
    if (out.ready_s == 0)
      out.ready_s = out.launched_s;
  }
  return out;
}

gpu_life life_of(const closed_gpu& x, const gpu_dates& told) {
  gpu_life out{x.id, x.type, x.worker, x.launched_s};
  out.ended_s = x.stopped_s;
  out.ready_s = told.ready_s;
  out.stopping_s = told.stopping_s;
  auto known = x.spent && x.spent->before_s == 0;
  if (out.ready_s == 0)
    out.ready_s = known ? x.launched_s + x.spent->boot_s : x.launched_s;
  // Its account ends where its time does.
  if (x.spent && (out.stopping_s == 0 || out.stopping_s > out.ended_s))
    out.stopping_s = out.ended_s - x.spent->drain_s;
  // One that gave up its boot was never ready.
  if (known && x.spent->boot_s > 0 && x.spent->busy_s == 0
      && x.spent->idle_s == 0 && told.ready_s == 0)
    out.ready_s = 0;
  return out;
}

/// In order, and joined where they touch.
std::vector<span> united(std::vector<span> xs) {
  std::sort(xs.begin(), xs.end());
  std::vector<span> out;
  for (auto& x : xs)
    if (!out.empty() && x.first <= out.back().second)
      out.back().second = std::max(out.back().second, x.second);
    else
      out.push_back(x);
  return out;
}

/// What is left of `x` without `busy`, which is united.
std::vector<span> without(span x, const std::vector<span>& busy) {
  std::vector<span> out;
  for (auto& y : busy) {
    if (y.first >= x.second)
      break;
    if (y.second <= x.first)
      continue;
    if (y.first > x.first)
      out.emplace_back(x.first, y.first);
    x.first = y.second;
  }
  if (x.first < x.second)
    out.push_back(x);
  return out;
}

gantt_row row_of(const gpu_life& x, const std::vector<const job_run*>& runs,
                 double from_s, double to_s) {
  auto begin = std::max(x.launched_s, from_s);
  auto end = x.ended_s > 0 ? std::max(begin, std::min(x.ended_s, to_s)) : to_s;
  auto within = [&](double a, double b) {
    return span{std::clamp(a, begin, end), std::clamp(b, begin, end)};
  };
  gantt_row out{x, {}};
  std::vector<span> busy;
  for (auto* run : runs) {
    auto at = within(run->from_s, run->to_s > 0 ? run->to_s : end);
    if (at.first >= at.second)
      continue;
    busy.push_back(at);
    out.segments.push_back(
      {what::job, at.first, at.second, run->job, run->type});
  }
  busy = united(std::move(busy));
  auto add = [&](what kind, double a, double b) {
    for (auto& [first, last] : without(within(a, b), busy))
      out.segments.push_back({kind, first, last});
  };
  auto stops = x.stopping_s > 0 ? x.stopping_s : end;
  auto ready = x.ready_s > 0 ? std::min(x.ready_s, stops) : stops;
  add(what::boot, x.launched_s, ready);
  add(what::idle, ready, stops);
  add(what::drain, stops, end);
  std::stable_sort(out.segments.begin(), out.segments.end(),
                   [](auto& a, auto& b) {
                     return a.from_s < b.from_s;
                   });
  return out;
}

} // namespace

std::vector<job_run> runs_of_events(const std::vector<told_event>& events,
                                    double from_s) {
  struct claim {
    double at_s = 0;
    std::string type;
  };
  std::vector<job_run> out;
  std::map<std::string, claim> claims;
  for (auto& x : events) {
    if (!x.what.starts_with("job_"))
      continue;
    auto job = field(x.fields, "job");
    if (x.what == "job_claimed") {
      claims[job] = {x.at_s, field(x.fields, "type")};
      continue;
    }
    auto at = claims.find(job);
    auto gpu = field(x.fields, "gpu");
    if (!gpu.empty()) {
      auto type = field(x.fields, "type");
      if (type.empty() && at != claims.end())
        type = at->second.type;
      out.push_back({gpu, job, type, attempt_of(x.fields),
                     at == claims.end() ? from_s : at->second.at_s, x.at_s});
    }
    // The next attempt begins under the same claim.
    if (x.what == "job_attempt_failed")
      claims[job] = {x.at_s,
                     at == claims.end() ? std::string{} : at->second.type};
    else if (at != claims.end())
      claims.erase(at);
  }
  return out;
}

std::vector<job_run> runs_of_record(const std::string& id, const record& job) {
  std::vector<job_run> out;
  auto type = field(job, "type");
  double last_s = 0;
  for (auto& [name, value] : job) {
    if (!name.starts_with("attempt_"))
      continue;
    auto doc = json::parse(value);
    if (!doc || !doc->IsObject())
      continue;
    job_run x{json::string_or_empty(*doc, "gpu"), id, type};
    x.attempt
      = static_cast<uint32_t>(std::clamp(number_of(name.substr(8)), 0.0, 1e6));
    x.from_s = json::number(*doc, "began").value_or(0);
    x.to_s = json::number(*doc, "ended").value_or(0);
    last_s = std::max(last_s, x.to_s);
    if (!x.gpu.empty() && x.from_s > 0 && x.to_s > x.from_s)
      out.push_back(std::move(x));
  }
  auto began = number_field(job, "started_at");
  if (field(job, "status") == "running" && !field(job, "gpu").empty()
      && began > 0)
    out.push_back({field(job, "gpu"), id, type, attempt_of(job),
                   std::max(began, last_s), 0});
  return out;
}

std::vector<job_run> joined(std::vector<job_run> xs) {
  std::set<std::tuple<std::string, uint32_t, std::string>> seen;
  std::erase_if(xs, [&](auto& x) {
    return !seen.emplace(x.job, x.attempt, x.gpu).second;
  });
  return xs;
}

std::vector<gpu_life> lives_of(const std::vector<open_gpu>& open,
                               const std::vector<closed_gpu>& closed,
                               const std::vector<told_event>& events,
                               double now_s) {
  auto told = dates_of(events);
  std::vector<gpu_life> out;
  for (auto& x : closed)
    out.push_back(life_of(x, told[x.id]));
  for (auto& x : open)
    out.push_back(life_of(x, told[x.id], now_s));
  std::erase_if(out, [](auto& x) {
    return x.launched_s <= 0;
  });
  std::stable_sort(out.begin(), out.end(), [](auto& a, auto& b) {
    return a.launched_s < b.launched_s;
  });
  return out;
}

std::vector<gantt_row> gantt(const std::vector<gpu_life>& lives,
                             const std::vector<job_run>& runs, double from_s,
                             double to_s) {
  std::map<std::string, std::vector<const job_run*>> by_gpu;
  for (auto& x : runs)
    by_gpu[x.gpu].push_back(&x);
  std::vector<gantt_row> out;
  for (auto& x : lives)
    if (x.launched_s < to_s && (x.ended_s == 0 || x.ended_s > from_s))
      out.push_back(row_of(x, by_gpu[x.id], from_s, to_s));
  return out;
}

} // namespace render::records
