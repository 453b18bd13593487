#include "app/simulator/trace.hpp"

#include "app/harness/dice.hpp"
#include "messages/job.hpp"
#include "messages/text/json.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

namespace render::simulator {

namespace {

using harness::dice;
using harness::sim_job;
using harness::virtual_duration;

virtual_duration seconds(double x) {
  return virtual_duration{static_cast<int64_t>(x * 1e9)};
}

/// Virtual time counts nanoseconds in 64 bits.
bool is_time(const std::optional<double>& x) {
  return x && *x >= 0 && *x <= 4e9;
}

std::vector<double> times_of(const trace_options& o, dice& d) {
  auto span = o.hours * 3600;
  std::vector<double> out;
  if (o.shape == "queue") {
    // All at once.
    for (size_t i = 0; i < o.jobs; ++i)
      out.push_back(static_cast<double>(i) * 0.01);
  } else if (o.shape == "bursty") {
    // Groups of some dozens of jobs, such as a page of voices or an album of
    // pictures.
    while (out.size() < o.jobs) {
      auto at = d.unit() * span;
      auto group = 1 + static_cast<size_t>(d.exponential(o.group));
      for (size_t i = 0; i < group && out.size() < o.jobs; ++i)
        out.push_back(at);
    }
  } else if (o.shape == "daily") {
    while (out.size() < o.jobs) {
      auto at = d.unit() * span;
      auto wave = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * at / 86'400);
      if (d.chance(0.05 + 0.95 * wave))
        out.push_back(at);
    }
  } else {
    // steady and sparse: independent arrivals, at different rates.
    for (size_t i = 0; i < o.jobs; ++i)
      out.push_back(d.unit() * span);
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::string type_of(dice& d) {
  auto x = d.unit();
  return x < 0.45   ? "whisper"
         : x < 0.80 ? "csm"
         : x < 0.95 ? "portrait"
                    : "analyze";
}

std::string receiver_of(dice& d) {
  auto x = d.unit();
  auto mood = x < 0.85 ? 0 : x < 0.93 ? 1 : x < 0.98 ? 2 : 3;
  return std::string{"http://"} + receiver_hosts[mood] + "/done";
}

} // namespace

result<std::vector<sim_job>> make_trace(const trace_options& o) {
  static constexpr std::string_view shapes[] = {"steady", "bursty", "daily",
                                                "sparse", "queue"};
  if (std::find(std::begin(shapes), std::end(shapes), o.shape)
      == std::end(shapes))
    return fail(failure_kind::invalid_input,
                "--trace: got " + o.shape
                  + ", accepted is steady, bursty, daily, sparse, queue or a "
                    "file");
  dice d{o.seed ^ 0x7ACE};
  auto times = times_of(o, d);
  std::vector<sim_job> out;
  out.reserve(times.size());
  for (auto at : times) {
    sim_job x;
    x.at = seconds(at);
    x.type = type_of(d);
    // Short jobs are common, and long jobs are not rare.
    auto longer = x.type == "portrait" ? 2.0 : 0.8;
    x.duration_s = std::clamp(d.exponential(o.mean_work_s * longer), 0.5,
                              600.0);
    if (d.chance(0.8))
      x.notify_url = receiver_of(d);
    if (d.chance(o.with_deadline))
      x.complete_within_s = d.between(5, 600);
    if (d.chance(o.cancelled))
      x.cancel_after_s = d.between(0, 60);
    out.push_back(std::move(x));
  }
  return out;
}

result<std::vector<sim_job>> read_trace(std::string_view text) {
  std::vector<std::pair<double, sim_job>> found;
  size_t number = 0;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos)
      continue;
    auto doc = json::parse(line);
    auto where = "line " + std::to_string(number) + ": ";
    if (!doc || !doc->IsObject())
      return fail(failure_kind::invalid_input, where + "no JSON object");
    auto type = json::string_or_empty(*doc, "type");
    auto created = json::number(*doc, "created_at");
    auto duration = json::number(*doc, "duration");
    if (!job_kind_from(type) || !is_time(created) || !is_time(duration))
      return fail(failure_kind::invalid_input,
                  where
                    + "wanted are type (csm, whisper, portrait, analyze), "
                      "created_at and duration (seconds, up to 4e9)");
    sim_job x;
    x.type = type;
    x.duration_s = std::max(0.1, *duration);
    auto by = json::number(*doc, "complete_by");
    if (is_time(by) && *by > *created)
      x.complete_within_s = *by - *created;
    found.emplace_back(*created, std::move(x));
  }
  std::stable_sort(found.begin(), found.end(), [](auto& a, auto& b) {
    return a.first < b.first;
  });
  std::vector<sim_job> out;
  for (auto& [created, x] : found) {
    x.at = seconds(created - found.front().first);
    out.push_back(std::move(x));
  }
  return out;
}

} // namespace render::simulator
