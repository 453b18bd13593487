#include "app/ctl/ended_text.hpp"

#include "messages/http.hpp"
#include "messages/text/json.hpp"
#include "messages/text/utc_time.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace render::ctl {

namespace {

std::string clock_text(double unix_s) {
  return utc_time(unix_s, "%Y-%m-%d %H:%M:%S");
}

/// Between two dates of a record; "-" when one is missing.
std::string between(const record& x, const std::string& from,
                    const std::string& to) {
  auto first = number_field(x, from);
  auto last = number_field(x, to);
  return first > 0 && last >= first ? span_text(last - first) : "-";
}

std::string waited_text(const record& x) {
  return field(x, "waited_s").empty() ? between(x, "created_at", "started_at")
                                      : span_text(number_field(x, "waited_s"));
}

} // namespace

std::optional<double> span_of(std::string_view text) {
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(),
                                      number);
  if (error != std::errc{} || !std::isfinite(number) || number < 0)
    return std::nullopt;
  std::string_view unit{end,
                        static_cast<size_t>(text.data() + text.size() - end)};
  for (auto& [name, seconds] : {std::pair{"", 1.0},
                                {"s", 1.0},
                                {"m", 60.0},
                                {"h", 3600.0},
                                {"d", 86'400.0}})
    if (unit == name)
      return number * seconds;
  return std::nullopt;
}

std::string jobs_table(const std::vector<listed_job>& xs, double now_s) {
  std::vector<std::vector<std::string>> rows{{"job", "type", "status", "ended",
                                              "waited", "ran", "attempts",
                                              "worker", "error"}};
  for (auto& x : xs) {
    auto& f = x.fields;
    auto status = f.empty() ? "deleted" : excerpt(field(f, "status"), 20);
    rows.push_back({excerpt(x.id, 80), or_dash(field(f, "type"), 10), status,
                    x.ended_s > 0 ? span_text(now_s - x.ended_s) + " ago" : "-",
                    waited_text(f), between(f, "started_at", "finished_at"),
                    or_dash(field(f, "attempt"), 10),
                    or_dash(field(f, "worker"), 60),
                    or_dash(field(f, "error"), 80)});
  }
  return columns_text(rows);
}

std::string jobs_json(const std::vector<listed_job>& xs) {
  std::string out;
  for (auto& x : xs) {
    auto fields = x.fields;
    fields["id"] = x.id;
    if (x.fields.empty())
      fields["status"] = "deleted";
    auto one = record_json(fields);
    if (x.ended_s > 0)
      one.insert(one.size() - 1, ",\"ended_at\":" + json::fixed(x.ended_s, 3));
    out += (out.empty() ? "" : ",") + one;
  }
  return "[" + out + "]";
}

std::string timeline_text(const std::vector<told_event>& xs) {
  std::vector<std::vector<std::string>> rows{
    {"time (UTC)", "after", "what", ""}};
  double before = 0;
  for (auto& x : xs) {
    std::string words;
    for (auto& [name, value] : x.fields)
      if (!value.empty() && name != "job")
        words += (words.empty() ? "" : ", ") + excerpt(name, 20) + " "
                 + excerpt(value, 200);
    rows.push_back({clock_text(x.at_s),
                    before > 0 ? "+" + span_text(x.at_s - before) : "",
                    excerpt(x.what, 40), words});
    before = x.at_s;
  }
  return columns_text(rows);
}

std::string timeline_json(const std::vector<told_event>& xs) {
  std::string out;
  for (auto& x : xs) {
    out += (out.empty() ? "" : ",") + std::string{"{\"at\":"}
           + json::fixed(x.at_s, 3) + ",\"what\":" + json::quote(x.what);
    for (auto& [name, value] : x.fields)
      out += "," + json::quote(name) + ":" + json::quote(value);
    out += "}";
  }
  return "[" + out + "]";
}

} // namespace render::ctl
