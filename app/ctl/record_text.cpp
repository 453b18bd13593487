#include "app/ctl/record_text.hpp"

#include "messages/http.hpp"
#include "messages/money.hpp"
#include "messages/text/json.hpp"
#include "messages/text/utc_time.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace render::ctl {

namespace {

constexpr std::array<std::string_view, 21> known_fields{
  "id",          "type",       "status",       "stage",       "progress",
  "error",       "error_code", "error_detail", "notice",      "result",
  "result_url",  "created_at", "started_at",   "finished_at", "updated_at",
  "complete_by", "max_time",   "attempt",      "receipt",     "locked_by",
  "locked_at"};

constexpr std::array<std::string_view, 11> number_fields{
  "created_at", "complete_by", "max_time",   "locked_at",
  "started_at", "finished_at", "updated_at", "progress_at",
  "progress",   "attempt",     "settled_at"};

bool is_time(std::string_view name) {
  return name.ends_with("_at") || name == "complete_by";
}

std::string time_text(double unix_s, double now) {
  auto distance = now - unix_s;
  return utc_time(unix_s, "%Y-%m-%d %H:%M:%S UTC") + " ("
         + (distance >= 0 ? span_text(distance) + " ago"
                          : "in " + span_text(-distance))
         + ")";
}

// "51.330 s of GPUs (own 8.120 s, boot 40.210 s, idle 3.000 s), $0.005988".
std::string receipt_text(const std::string& receipt) {
  auto doc = json::parse(receipt_header(receipt));
  if (!doc)
    return excerpt(receipt, 2000);
  auto seconds = [&doc](const char* name) {
    auto ms = std::llround(json::number(*doc, name).value_or(0) * 1000);
    return seconds_text(ms) + " s";
  };
  auto out = seconds("seconds") + " of GPUs (own " + seconds("own_s")
             + ", boot " + seconds("boot_s") + ", idle " + seconds("idle_s")
             + ")";
  if (auto usd = json::number(*doc, "usd"))
    out += ", $" + dollars_text(std::llround(*usd * 1e6));
  return out;
}

std::string shown(std::string_view name, const std::string& value,
                  const record& x, double now) {
  auto number = number_field(x, std::string{name});
  // The limit is a year that strftime can print.
  if (is_time(name) && number > 0 && number < 2e11)
    return time_text(number, now);
  if (name == "progress")
    return progress_bar(number);
  if (name == "receipt")
    return receipt_text(value);
  if (name == "max_time")
    return excerpt(value, 40) + " s";
  // One line without control characters.
  return excerpt(value, 2000);
}

} // namespace

std::string or_dash(const std::string& x, size_t limit) {
  return x.empty() ? "-" : excerpt(x, limit);
}

std::string progress_line(const record& x) {
  auto out = excerpt(field(x, "status"), 40);
  if (x.contains("progress") && out == "running") {
    auto percent = 100 * std::clamp(number_field(x, "progress"), 0.0, 1.0);
    out += " " + std::to_string(std::lround(percent)) + " %";
  }
  if (auto stage = field(x, "stage"); !stage.empty())
    out += " " + excerpt(stage, 80);
  return out;
}

std::string progress_bar(double fraction) {
  constexpr int width = 20;
  fraction = std::clamp(fraction, 0.0, 1.0);
  auto full = static_cast<int>(std::floor(fraction * width));
  auto percent = std::to_string(std::lround(100 * fraction));
  return "[" + std::string(static_cast<size_t>(full), '#')
         + std::string(static_cast<size_t>(width - full), '-') + "] "
         + std::string(3 - std::min<size_t>(3, percent.size()), ' ') + percent
         + " %";
}

std::string record_json(const record& x) {
  std::string out = "{";
  for (auto& [name, value] : x) {
    out += (out.size() > 1 ? "," : "") + json::quote(name) + ":";
    auto is_number = std::find(number_fields.begin(), number_fields.end(), name)
                     != number_fields.end();
    auto is_object = name == "data" || name == "receipt";
    auto doc = is_number || is_object ? json::parse(value)
                                      : result<json::document>{};
    auto fits = (is_number && doc && doc->IsNumber())
                || (is_object && doc && doc->IsObject());
    out += fits ? json::to_text(*doc) : json::quote(value);
  }
  return out + "}";
}

std::string record_table(const record& x, double now) {
  std::string out;
  auto line = [&](std::string_view name, const std::string& value) {
    out += std::string{name}
           + std::string(14 - std::min<size_t>(13, name.size()), ' ')
           + shown(name, value, x, now) + "\n";
  };
  for (auto name : known_fields)
    if (auto at = x.find(std::string{name}); at != x.end())
      line(name, at->second);
  for (auto& [name, value] : x)
    if (std::find(known_fields.begin(), known_fields.end(), name)
        == known_fields.end())
      line(excerpt(name, 40), value);
  return out;
}

std::string holder_text(const record& x, bool lock_lives) {
  auto holder = excerpt(field(x, "locked_by"), 60);
  if (holder.empty() || lock_lives)
    return holder;
  return holder + " (dead lock: any worker may take the job)";
}

std::string columns_text(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      out += row[i];
      if (i + 1 < row.size())
        out.append(widths[i] - row[i].size() + 2, ' ');
    }
    out += '\n';
  }
  return out;
}

std::string lease_text(double left_s) {
  return left_s > 0 ? span_text(left_s) : "ran out";
}

} // namespace render::ctl
