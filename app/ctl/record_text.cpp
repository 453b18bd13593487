#include "app/ctl/record_text.hpp"

#include "messages/http.hpp"
#include "messages/money.hpp"
#include "messages/text/json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ctime>

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
  auto whole = static_cast<std::time_t>(unix_s);
  std::tm parts{};
  std::array<char, 40> text{};
  gmtime_r(&whole, &parts);
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts);
  auto distance = now - unix_s;
  return std::string{text.data()} + " ("
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

std::string field(const record& x, const std::string& name) {
  auto at = x.find(name);
  return at == x.end() ? std::string{} : at->second;
}

double number_field(const record& x, const std::string& name) {
  auto text = field(x, name);
  double out = 0;
  auto end = text.data() + text.size();
  auto [at, error] = std::from_chars(text.data(), end, out);
  return error == std::errc{} && at == end && std::isfinite(out) ? out : 0;
}

bool is_final(const std::string& status) {
  return !status.empty() && status != "queued" && status != "running";
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

std::string span_text(double seconds) {
  auto s = static_cast<int64_t>(std::clamp(seconds, 0.0, 1e15));
  auto two = [](int64_t big, const char* unit, int64_t small,
                const char* small_unit) {
    return std::to_string(big) + unit
           + (small > 0 ? " " + std::to_string(small) + small_unit : "");
  };
  if (s < 60)
    return std::to_string(s) + " s";
  if (s < 3600)
    return two(s / 60, " min", s % 60, " s");
  if (s < 86'400)
    return two(s / 3600, " h", s % 3600 / 60, " min");
  return two(s / 86'400, " d", s % 86'400 / 3600, " h");
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

bool is_uuid(std::string_view x) {
  if (x.size() != 36)
    return false;
  for (size_t i = 0; i < x.size(); ++i) {
    auto dash = i == 8 || i == 13 || i == 18 || i == 23;
    auto hex = (x[i] >= '0' && x[i] <= '9') || (x[i] >= 'a' && x[i] <= 'f');
    if (dash ? x[i] != '-' : !hex)
      return false;
  }
  return true;
}

} // namespace render::ctl
