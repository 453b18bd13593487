#include "app/simulator/report.hpp"

#include "app/simulator/charts.hpp"
#include "messages/text/json.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>

namespace render::simulator {

namespace {

using runs_ref = const std::vector<named_outcome>&;
using samples = std::vector<harness::auditor::sample>;

struct row {
  const char* name;
  const char* json_name;
  int digits;
  double (*value)(const fleet_outcome&);
  /// Whether the row also has a value for a bound, which has no faults and no
  /// webhooks.
  bool of_bounds = true;
};

double waited(const fleet_outcome& x, double q) {
  return quantile(x.waits_s, q);
}

constexpr row rows[] = {
  {"jobs", "jobs", 0,
   [](auto& x) {
     return static_cast<double>(x.jobs);
   }},
  {"succeeded", "succeeded", 0,
   [](auto& x) {
     return static_cast<double>(x.succeeded);
   }},
  {"failed", "failed", 0,
   [](auto& x) {
     return static_cast<double>(x.failed);
   }},
  {"cancelled by a front end", "cancelled", 0,
   [](auto& x) {
     return static_cast<double>(x.cancelled);
   }},
  {"missed deadlines", "missed_deadlines", 0,
   [](auto& x) {
     return static_cast<double>(x.missed_deadlines);
   }},
  {"wait, median, s", "wait_median_s", 3,
   [](auto& x) {
     return waited(x, 0.5);
   }},
  {"wait, 95 %, s", "wait_p95_s", 3,
   [](auto& x) {
     return waited(x, 0.95);
   }},
  {"wait, 99 %, s", "wait_p99_s", 3,
   [](auto& x) {
     return waited(x, 0.99);
   }},
  {"wait, longest, s", "wait_max_s", 3,
   [](auto& x) {
     return waited(x, 1);
   }},
  {"launches", "launches", 0,
   [](auto& x) {
     return static_cast<double>(x.launches);
   }},
  {"GPU seconds rented", "gpu_seconds_rented", 0,
   [](auto& x) {
     return x.rented_s;
   }},
  {"GPU seconds used", "gpu_seconds_used", 0,
   [](auto& x) {
     return x.busy_s;
   }},
  {"cost, $", "cost", 2,
   [](auto& x) {
     return x.cost;
   }},
  {"webhooks delivered", "webhooks_delivered", 0,
   [](auto& x) {
     return static_cast<double>(x.webhooks_delivered);
   },
   false},
  {"faults", "fault_events", 0,
   [](auto& x) {
     return static_cast<double>(x.fault_events);
   },
   false},
};

std::optional<double> value_of(const row& x, const fleet_outcome& of) {
  if (of.is_bound && !x.of_bounds)
    return std::nullopt;
  return x.value(of);
}

std::string cell(const row& x, const fleet_outcome& of) {
  auto value = value_of(x, of);
  return value ? fixed_text(*value, x.digits) : "-";
}

std::string heading(const run_facts& f) {
  return "seed " + std::to_string(f.seed) + ", " + std::to_string(f.nodes)
         + " workers, " + fixed_text(f.hours, 2) + " h, trace " + f.trace
         + ", faults " + (f.faults.empty() ? "none" : f.faults);
}

bool has_bound(runs_ref runs) {
  return std::any_of(runs.begin(), runs.end(), [](auto& x) {
    return x.outcome.is_bound;
  });
}

constexpr const char* bound_note
  = "clairvoyant is computed, not run: it knows the future, lets no job wait, "
    "and has the luckiest draws (boots of 22 s, work 0.95 of the usual). No "
    "policy without waiting jobs can rent less.";

// -- charts -------------------------------------------------------------------

curve line(const samples& xs, const char* label, const char* colour,
           size_t harness::auditor::sample::*value) {
  curve out{label, colour, {}};
  for (auto& x : xs)
    out.points.emplace_back(x.at_s, static_cast<double>(x.*value));
  return out;
}

std::string over_time(const std::string& title, std::vector<curve> curves) {
  chart out;
  out.title = title;
  auto most = 1.0;
  for (auto& x : curves)
    for (auto& [at, value] : x.points) {
      out.x_max = std::max(out.x_max, at);
      most = std::max(most, value);
    }
  out.x_marks = hour_marks(out.x_max);
  out.y_marks = count_marks(most);
  out.y_max = out.y_marks.back().at;
  out.curves = std::move(curves);
  return svg_chart(out);
}

std::string charts_of(const named_outcome& x) {
  using sample = harness::auditor::sample;
  auto& xs = x.outcome.samples;
  if (xs.empty())
    return {};
  auto every_s = xs.size() > 1 ? xs[1].at_s - xs[0].at_s : 0;
  return "<h2>" + html_text(x.policy) + " over time</h2><p class=\"note\">"
         + "Sampled every " + fixed_text(every_s, 0)
         + " s: peaks in between are not shown.</p>"
         + over_time("Jobs in the queue",
                     {line(xs, "queued", "#c0392b", &sample::queued)})
         + over_time("GPUs", {line(xs, "rented", "#95a5a6", &sample::gpus),
                              line(xs, "busy", "#1e8449", &sample::busy)});
}

/// Text of a power of ten.
std::string seconds_text(int decade) {
  auto ms = decade < 0;
  return fixed_text(std::pow(10, ms ? decade + 3 : decade), decade < -3 ? 1 : 0)
         + (ms ? " ms" : " s");
}

/// Chart of the share of jobs that waited no longer, over decades of seconds.
std::string wait_chart(runs_ref runs) {
  static constexpr const char* colours[] = {"#1f4e79", "#d35400", "#6c3483"};
  constexpr auto first = -4;
  constexpr auto points_in_decade = 50;
  auto last = 2;
  chart out;
  out.title = "Share of jobs that waited no longer than …";
  for (auto& run : runs) {
    auto& waits = run.outcome.waits_s;
    if (waits.empty() || run.outcome.is_bound)
      continue;
    last = std::max(last,
                    static_cast<int>(std::ceil(std::log10(waits.back() + 1))));
    auto colour = colours[out.curves.size() % std::size(colours)];
    out.curves.push_back({run.policy, colour, {}});
    for (int i = 0; i <= points_in_decade * (last - first); ++i) {
      auto decade = first + static_cast<double>(i) / points_in_decade;
      auto upto = std::upper_bound(waits.begin(), waits.end(),
                                   std::pow(10.0, decade));
      out.curves.back().points.emplace_back(
        decade, static_cast<double>(upto - waits.begin())
                  / static_cast<double>(waits.size()));
    }
  }
  if (out.curves.empty())
    return {};
  out.x_min = first;
  out.x_max = last;
  for (auto decade = first; decade <= last; ++decade)
    out.x_marks.push_back({static_cast<double>(decade), seconds_text(decade)});
  for (auto percent : {0, 25, 50, 75, 100})
    out.y_marks.push_back({percent / 100.0, std::to_string(percent) + " %"});
  return svg_chart(out);
}

constexpr const char* style
  = "body{font:15px/1.45 system-ui,sans-serif;max-width:58rem;margin:2rem auto;"
    "padding:0 1rem;color:#222;background:#fff}h1{margin-bottom:.2rem}"
    "h3{margin:1.2rem 0 .2rem;font-size:1rem}table{border-collapse:collapse;"
    "margin:1rem 0}td,th{padding:.2rem .9rem;text-align:right;"
    "border-bottom:1px solid #ddd;font-variant-numeric:tabular-nums}"
    "td:first-child{text-align:left;padding-left:0}.note,.facts{color:#555}"
    "svg{width:100%;height:auto;display:block}text{font:11px system-ui,"
    "sans-serif;fill:#555}.grid{stroke:#e3e6ea;stroke-width:1}polyline{"
    "fill:none;stroke-width:1.4;stroke-linejoin:round}.legend{margin:0}"
    ".legend span{margin-right:1.2rem}.legend i{display:inline-block;"
    "width:.8rem;height:.8rem;margin-right:.35rem;vertical-align:-1px}";

std::string table_html(runs_ref runs) {
  std::string out = "<table><tr><th></th>";
  for (auto& run : runs)
    out += "<th>" + html_text(run.policy) + "</th>";
  for (auto& x : rows) {
    out += std::string{"</tr>\n<tr><td>"} + x.name + "</td>";
    for (auto& run : runs)
      out += "<td>" + cell(x, run.outcome) + "</td>";
  }
  return out + "</tr></table>\n";
}

std::string padded(const std::string& x, size_t size) {
  return x.size() < size ? std::string(size - x.size(), ' ') + x : x;
}

std::string run_json(const named_outcome& run) {
  auto out = "{\"policy\":" + json::quote(run.policy)
             + ",\"is_bound\":" + (run.outcome.is_bound ? "true" : "false");
  for (auto& x : rows)
    if (auto value = value_of(x, run.outcome))
      out += std::string{",\""} + x.json_name
             + "\":" + fixed_text(*value, x.digits == 0 ? 0 : 3);
  out += ",\"sample_fields\":[\"at_s\",\"queued\",\"gpus\",\"busy\"],"
         "\"samples\":[";
  for (auto& s : run.outcome.samples)
    out += (out.back() == '[' ? "[" : ",[") + fixed_text(s.at_s, 0) + ","
           + std::to_string(s.queued) + "," + std::to_string(s.gpus) + ","
           + std::to_string(s.busy) + "]";
  return out + "]}";
}

} // namespace

double quantile(const std::vector<double>& sorted, double q) {
  if (sorted.empty())
    return 0;
  auto at = static_cast<size_t>(q * static_cast<double>(sorted.size() - 1));
  return sorted[at];
}

std::string report_text(const run_facts& facts,
                        const std::vector<named_outcome>& runs) {
  auto out = heading(facts) + "\n" + std::string(26, ' ');
  for (auto& run : runs)
    out += padded(run.policy, 14);
  for (auto& x : rows) {
    std::string name{x.name};
    out += "\n" + name + std::string(26 - name.size(), ' ');
    for (auto& run : runs)
      out += padded(cell(x, run.outcome), 14);
  }
  out += "\n";
  return has_bound(runs) ? out + "\n" + bound_note + "\n" : out;
}

std::string report_json(const run_facts& facts,
                        const std::vector<named_outcome>& runs) {
  auto out = "{\"seed\":" + std::to_string(facts.seed)
             + ",\"commit\":" + json::quote(facts.commit)
             + ",\"trace\":" + json::quote(facts.trace)
             + ",\"nodes\":" + std::to_string(facts.nodes)
             + ",\"hours\":" + fixed_text(facts.hours, 3)
             + ",\"faults\":" + json::quote(facts.faults) + ",\"runs\":[";
  for (auto& run : runs)
    out += (out.back() == '[' ? "" : ",") + run_json(run);
  return out + "]}\n";
}

std::string report_html(const run_facts& facts,
                        const std::vector<named_outcome>& runs) {
  auto out = std::string{"<!doctype html>\n<html lang=\"en\"><head>"
                         "<meta charset=\"utf-8\"><meta name=\"viewport\" "
                         "content=\"width=device-width\">"
                         "<title>c3-sim: "}
             + html_text(heading(facts)) + "</title><style>" + style
             + "</style></head>\n<body><h1>A simulated fleet</h1>"
               "<p class=\"facts\">"
             + html_text(heading(facts) + ", commit " + facts.commit) + "</p>\n"
             + table_html(runs);
  if (has_bound(runs))
    out.append("<p class=\"note\">").append(bound_note).append("</p>\n");
  out += wait_chart(runs);
  for (auto& run : runs)
    out += "\n" + charts_of(run);
  return out + "</body></html>\n";
}

} // namespace render::simulator
