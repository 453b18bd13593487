#include "app/simulator/report.hpp"

#include "messages/json.hpp"

#include <algorithm>
#include <cstdio>
#include <functional>

namespace render::simulator {

namespace {

std::string number(double x, int digits = 2) {
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%.*f", digits, x);
  return buffer;
}

struct row {
  std::string name;
  std::string json_name;
  int digits;
  std::function<double(const fleet_outcome&)> value;
};

const std::vector<row>& rows() {
  using x = const fleet_outcome&;
  static const std::vector<row> table{
    {"jobs", "jobs", 0,
     [](x o) {
       return static_cast<double>(o.jobs);
     }},
    {"succeeded", "succeeded", 0,
     [](x o) {
       return static_cast<double>(o.succeeded);
     }},
    {"failed", "failed", 0,
     [](x o) {
       return static_cast<double>(o.failed);
     }},
    {"cancelled by a front end", "cancelled", 0,
     [](x o) {
       return static_cast<double>(o.cancelled);
     }},
    {"missed deadlines", "missed_deadlines", 0,
     [](x o) {
       return static_cast<double>(o.missed_deadlines);
     }},
    {"wait, median, s", "wait_median_s", 3,
     [](x o) {
       return quantile(o.waits_s, 0.5);
     }},
    {"wait, 95 %, s", "wait_p95_s", 3,
     [](x o) {
       return quantile(o.waits_s, 0.95);
     }},
    {"wait, longest, s", "wait_max_s", 3,
     [](x o) {
       return quantile(o.waits_s, 1);
     }},
    {"launches", "launches", 0,
     [](x o) {
       return static_cast<double>(o.launches);
     }},
    {"GPU seconds rented", "gpu_seconds_rented", 0,
     [](x o) {
       return o.rented_s;
     }},
    {"GPU seconds used", "gpu_seconds_used", 0,
     [](x o) {
       return o.busy_s;
     }},
    {"cost, $", "cost", 2,
     [](x o) {
       return o.cost;
     }},
    {"webhooks delivered", "webhooks_delivered", 0,
     [](x o) {
       return static_cast<double>(o.webhooks_delivered);
     }},
    {"faults", "fault_events", 0,
     [](x o) {
       return static_cast<double>(o.fault_events);
     }},
  };
  return table;
}

std::string heading(const run_facts& f) {
  return "seed " + std::to_string(f.seed) + ", " + std::to_string(f.nodes)
         + " nodes, " + number(f.hours, 1) + " h, trace " + f.trace
         + ", faults " + (f.faults.empty() ? "none" : f.faults);
}

/// One line through samples, scaled into a box of 900 x 160.
std::string
line(const std::vector<harness::auditor::sample>& xs, double most,
     const std::function<double(const harness::auditor::sample&)>& value,
     const char* colour) {
  std::string points;
  auto span = xs.empty() ? 1 : std::max(1.0, xs.back().at_s);
  for (auto& x : xs)
    points += number(50 + 840 * x.at_s / span, 1) + ","
              + number(170 - 150 * value(x) / std::max(1.0, most), 1) + " ";
  return std::string{"<polyline fill=\"none\" stroke=\""} + colour
         + "\" stroke-width=\"1.2\" points=\"" + points + "\"/>";
}

std::string frame(const std::string& title, double most, double span_s,
                  const std::string& inside) {
  return "<h3>" + title
         + "</h3><svg viewBox=\"0 0 900 195\" width=\"100%\">"
           "<rect x=\"50\" y=\"20\" width=\"840\" height=\"150\" "
           "fill=\"#f6f7f9\"/>"
           "<text x=\"45\" y=\"26\" text-anchor=\"end\">"
         + number(most, 0)
         + "</text><text x=\"45\" y=\"172\" text-anchor=\"end\">0</text>"
           "<text x=\"50\" y=\"190\">0 h</text>"
           "<text x=\"890\" y=\"190\" text-anchor=\"end\">"
         + number(span_s / 3600, 1) + " h</text>" + inside + "</svg>";
}

std::string charts(const named_outcome& x) {
  auto& xs = x.outcome.samples;
  if (xs.empty())
    return {};
  double queue = 0;
  double fleet = 0;
  for (auto& s : xs) {
    queue = std::max(queue, static_cast<double>(s.queued));
    fleet = std::max(fleet, static_cast<double>(s.gpus));
  }
  auto span = xs.back().at_s;
  return "<h2>" + x.policy + "</h2>"
         + frame("Jobs in the queue", queue, span,
                 line(
                   xs, queue,
                   [](auto& s) {
                     return static_cast<double>(s.queued);
                   },
                   "#c0392b"))
         + frame("GPUs rented (grey) and busy (green)", fleet, span,
                 line(
                   xs, fleet,
                   [](auto& s) {
                     return static_cast<double>(s.gpus);
                   },
                   "#7f8c8d")
                   + line(
                     xs, fleet,
                     [](auto& s) {
                       return static_cast<double>(s.busy);
                     },
                     "#27ae60"));
}

/// How many jobs waited no longer than this, over a logarithmic axis.
std::string wait_chart(const std::vector<named_outcome>& runs) {
  static constexpr const char* colours[] = {"#2c3e50", "#e67e22", "#2980b9",
                                            "#8e44ad"};
  std::string lines;
  std::string legend;
  size_t i = 0;
  for (auto& run : runs) {
    auto& waits = run.outcome.waits_s;
    if (waits.empty())
      continue;
    std::string points;
    for (auto decade = -3.0; decade <= 4.0; decade += 0.1) {
      auto limit = std::pow(10.0, decade);
      auto share
        = static_cast<double>(
            std::upper_bound(waits.begin(), waits.end(), limit) - waits.begin())
          / static_cast<double>(waits.size());
      points += number(50 + 840 * (decade + 3) / 7, 1) + ","
                + number(170 - 150 * share, 1) + " ";
    }
    auto* colour = colours[i++ % std::size(colours)];
    lines += std::string{"<polyline fill=\"none\" stroke=\""} + colour
             + "\" stroke-width=\"1.5\" points=\"" + points + "\"/>";
    legend += std::string{" <span style=\"color:"} + colour + "\">" + run.policy
              + "</span>";
  }
  for (auto decade = -3; decade <= 4; ++decade)
    lines += "<text x=\"" + number(50 + 840 * (decade + 3) / 7.0, 0)
             + "\" y=\"190\" text-anchor=\"middle\">1e" + std::to_string(decade)
             + " s</text>";
  return "<h3>Share of jobs that waited no longer</h3><p>" + legend
         + "</p><svg viewBox=\"0 0 900 195\" width=\"100%\"><rect x=\"50\" "
           "y=\"20\" width=\"840\" height=\"150\" fill=\"#f6f7f9\"/>"
           "<text x=\"45\" y=\"26\" text-anchor=\"end\">100 %</text>"
         + lines + "</svg>";
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
  std::string out = heading(facts) + "\n";
  char buffer[128];
  std::snprintf(buffer, sizeof(buffer), "%-26s", "");
  out += buffer;
  for (auto& run : runs) {
    std::snprintf(buffer, sizeof(buffer), "%14s", run.policy.c_str());
    out += buffer;
  }
  out += "\n";
  for (auto& x : rows()) {
    std::snprintf(buffer, sizeof(buffer), "%-26s", x.name.c_str());
    out += buffer;
    for (auto& run : runs) {
      std::snprintf(buffer, sizeof(buffer), "%14s",
                    number(x.value(run.outcome), x.digits).c_str());
      out += buffer;
    }
    out += "\n";
  }
  return out;
}

std::string report_json(const run_facts& facts,
                        const std::vector<named_outcome>& runs) {
  std::string out = "{\"seed\":" + std::to_string(facts.seed)
                    + ",\"commit\":" + json::quote(facts.commit)
                    + ",\"trace\":" + json::quote(facts.trace)
                    + ",\"nodes\":" + std::to_string(facts.nodes)
                    + ",\"hours\":" + number(facts.hours) + ",\"faults\":"
                    + json::quote(facts.faults) + ",\"runs\":[";
  for (auto& run : runs) {
    out += out.back() == '[' ? "{" : ",{";
    out += "\"policy\":" + json::quote(run.policy);
    for (auto& x : rows())
      out += ",\"" + x.json_name
             + "\":" + number(x.value(run.outcome), std::max(x.digits, 3));
    out += ",\"samples\":[";
    for (auto& s : run.outcome.samples)
      out += (out.back() == '[' ? "[" : ",[") + number(s.at_s, 0) + ","
             + std::to_string(s.queued) + "," + std::to_string(s.gpus) + ","
             + std::to_string(s.busy) + "]";
    out += "]}";
  }
  return out + "]}\n";
}

std::string report_html(const run_facts& facts,
                        const std::vector<named_outcome>& runs) {
  std::string out
    = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<title>c3-sim</title><style>body{font:15px/1.4 sans-serif;"
      "max-width:60rem;margin:2rem auto;color:#222}table{border-collapse:"
      "collapse}td,th{padding:.2rem .8rem;text-align:right;border-bottom:1px "
      "solid #ddd}td:first-child{text-align:left}text{font:11px sans-serif;"
      "fill:#555}</style></head><body><h1>A simulated fleet</h1><p>"
      + heading(facts) + ", commit " + facts.commit
      + "</p><table><tr><th></th>";
  for (auto& run : runs)
    out += "<th>" + run.policy + "</th>";
  out += "</tr>";
  for (auto& x : rows()) {
    out += "<tr><td>" + x.name + "</td>";
    for (auto& run : runs)
      out += "<td>" + number(x.value(run.outcome), x.digits) + "</td>";
    out += "</tr>";
  }
  out += "</table>" + wait_chart(runs);
  for (auto& run : runs)
    out += charts(run);
  return out + "</body></html>\n";
}

} // namespace render::simulator
