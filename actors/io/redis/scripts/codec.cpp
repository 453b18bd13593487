#include "actors/io/redis/scripts/codec.hpp"

#include "messages/http.hpp"
#include "messages/text/json.hpp"
#include "messages/text/utf8.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace render::job_store {

std::optional<double> parse_number(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos)
    return std::nullopt;
  text = text.substr(first, text.find_last_not_of(blanks) - first + 1);
  double out = 0;
  auto end = text.data() + text.size();
  auto [at, error] = std::from_chars(text.data(), end, out);
  if (error != std::errc{} || at != end || !std::isfinite(out))
    return std::nullopt;
  return out;
}

std::string number_text(double x) {
  std::array<char, 400> out{};
  auto [end, error] = std::to_chars(out.data(), out.data() + out.size(), x,
                                    std::chars_format::fixed);
  return error == std::errc{} ? std::string{out.data(), end} : std::string{"0"};
}

std::string job_types_text() {
  std::string out;
  for (auto type : job_types)
    out += (out.empty() ? "" : ",") + std::string{type};
  return out;
}

std::vector<std::string> split_history(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!line.empty())
      out.emplace_back(line);
  }
  return out;
}

std::string join_history(const std::vector<std::string>& entries) {
  std::string out;
  auto first = entries.size() - std::min(entries.size(), history_lines_max);
  for (auto i = first; i < entries.size(); ++i) {
    auto line = valid_utf8(excerpt(entries[i], 500));
    std::replace(line.begin(), line.end(), '\n', ' ');
    out += (out.empty() ? "" : "\n") + line;
  }
  return out;
}

std::chrono::milliseconds until_next_look(int64_t due_ms,
                                          std::chrono::milliseconds least,
                                          std::chrono::milliseconds lease) {
  if (due_ms < 0)
    return lease;
  return std::min(lease, std::max(least, std::chrono::milliseconds{due_ms}));
}

result<std::string> decode_version(const reply& x) {
  if (x.type == reply::kind::error)
    return fail(failure_of(x.text));
  constexpr std::string_view name = "redis_version:";
  auto first = x.text.find(name);
  if (first == std::string::npos)
    return fail(failure_kind::internal, "Redis: INFO names no redis_version");
  first += name.size();
  return x.text.substr(first, x.text.find_first_of("\r\n", first) - first);
}

failure failure_of(std::string_view error) {
  static constexpr std::array<std::string_view, 14> outages{
    "LOADING",    "OOM",
    "READONLY",   "BUSY",
    "MASTERDOWN", "MISCONF",
    "NOAUTH",     "WRONGPASS",
    "NOPERM",     "CLUSTERDOWN",
    "NOREPLICAS", "TRYAGAIN",
    "UNBLOCKED",  "ERR max number of clients"};
  // A script's own error may wrap the code of the command that failed.
  auto outage = false;
  for (auto code : outages)
    outage
      = outage || error.starts_with(code)
        || error.find("-" + std::string{code} + " ") != std::string_view::npos
        || (code == "OOM"
            && error.find("OOM command not allowed") != std::string_view::npos);
  return {outage ? failure_kind::unavailable : failure_kind::internal,
          "Redis: " + excerpt(error, 200)};
}

bool is_recordless(const job& x) {
  return x.type.empty() && x.data.empty() && x.created_at_s == 0
         && x.complete_by_s == 0 && x.max_time_s == 0;
}

std::string webhook_body(const job& subject, const job_outcome& outcome) {
  std::string out = "{\"id\":" + json::quote(valid_utf8(subject.id));
  auto add = [&out](std::string_view name, const std::string& value) {
    out += ",\"" + std::string{name} + "\":" + json::quote(valid_utf8(value));
  };
  add("status", outcome.success() ? "success" : "failed");
  if (!outcome.success())
    add("error", outcome.error.message);
  if (!outcome.result_url.empty())
    add("result_url", outcome.result_url);
  else if (outcome.success())
    add("text", outcome.text);
  out += '}';
  return out;
}

} // namespace render::job_store
