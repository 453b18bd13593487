#include "actors/io/redis/scripts/codec.hpp"

#include "messages/http.hpp"
#include "messages/job_params.hpp"
#include "messages/text/json.hpp"
#include "messages/text/loose_number.hpp"
#include "messages/text/utf8.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <sstream>

namespace render::job_store {

namespace {

using kind = reply::kind;

constexpr size_t history_lines_max = 20;

std::string text_at(reply& x, size_t index) {
  if (index >= x.elements.size())
    return {};
  auto& field = x.elements[index];
  if (field.type == kind::integer)
    return std::to_string(field.integer);
  return field.type == kind::text ? std::move(field.text) : std::string{};
}

int64_t integer_at(reply& x, size_t index) {
  if (index >= x.elements.size())
    return 0;
  if (x.elements[index].type == kind::integer)
    return x.elements[index].integer;
  auto number = parse_number(text_at(x, index)).value_or(0);
  // A double at or above 2^63 has no int64_t.
  return std::abs(number) < 9.2e18 ? static_cast<int64_t>(number) : 0;
}

uint32_t count_at(reply& x, size_t index) {
  auto n = integer_at(x, index);
  return n > 0 && n <= UINT32_MAX ? static_cast<uint32_t>(n) : 0;
}

// Fails for an error reply and for anything that is no array of this size.
std::optional<failure> unless_array(const reply& x, size_t at_least,
                                    std::string_view what) {
  if (x.type == kind::error)
    return failure_of(x.text);
  if (!x.is_array(at_least))
    return failure{failure_kind::internal,
                   "Redis: unexpected reply to " + std::string{what}};
  return std::nullopt;
}

failure reason_of(std::string_view reason, const job& subject,
                  const std::string& flaw) {
  if (reason == "expired")
    return {failure_kind::deadline_passed,
            "Job expired before processing could begin"};
  if (reason == "missing")
    return {failure_kind::invalid_input,
            std::string{missing_record_text} + excerpt(subject.id, 80)};
  if (reason == "fence")
    return {failure_kind::invalid_input,
            "fence: got " + json::quote(valid_utf8(excerpt(flaw, 80)))
              + ", accepted is a whole number from 0 to 2^53, or none"};
  if (reason == "data")
    return {failure_kind::invalid_input, "data: got " + excerpt(flaw, 80)
                                           + " bytes, accepted is at most "
                                           + std::to_string(data_bytes_max)};
  return {failure_kind::invalid_input,
          "Unknown job type: " + json::quote(excerpt(subject.type, 80))
            + ", accepted is one of csm, whisper, portrait, analyze"};
}

// A time of the record; what cannot be read counts as absent and is told.
double time_field(const std::string& text, std::string_view name,
                  std::vector<std::string>& unread) {
  if (text.empty())
    return 0;
  if (auto x = loose_number(text); x && std::isfinite(*x))
    return *x;
  unread.push_back(std::string{name} + ": got "
                   + json::quote(valid_utf8(excerpt(text, 80)))
                   + ", accepted is a number of seconds; it counts as absent");
  return 0;
}

} // namespace

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

decoded_job decode_job(reply x) {
  decoded_job out;
  out.subject.id = text_at(x, 0);
  out.subject.attempt = count_at(x, 1);
  out.subject.type = text_at(x, 2);
  // When it was made is for statistics only: garbage harms nobody.
  std::vector<std::string> ignored;
  out.subject.created_at_s = time_field(text_at(x, 3), "created_at", ignored);
  out.subject.complete_by_s = time_field(text_at(x, 4), "complete_by",
                                         out.unread);
  out.subject.max_time_s = time_field(text_at(x, 5), "max_time", out.unread);
  out.subject.data = text_at(x, 6);
  out.subject.fence = static_cast<uint64_t>(integer_at(x, 7));
  out.subject.history = split_history(text_at(x, 8));
  auto& history = out.subject.history;
  if (history.size() > history_lines_max)
    history.erase(history.begin(),
                  history.end() - static_cast<long>(history_lines_max));
  out.subject.remote = text_at(x, 9);
  return out;
}

result<decoded_claim> decode_claim(reply x) {
  if (auto wrong = unless_array(x, 6, "claim"))
    return fail(std::move(*wrong));
  decoded_claim out;
  out.queue_length = static_cast<uint64_t>(integer_at(x, 0));
  for (auto& entry : x.elements[1].elements) {
    auto decoded = decode_job(std::move(entry));
    for (auto& text : decoded.unread)
      out.remarks.push_back({decoded.subject.id, std::move(text)});
    out.jobs.push_back(std::move(decoded.subject));
  }
  for (auto& entry : x.elements[2].elements) {
    if (!entry.is_array(2))
      continue;
    auto flaw = text_at(entry.elements[1], 10);
    auto subject = decode_job(std::move(entry.elements[1])).subject;
    auto reason = reason_of(entry.elements[0].text, subject, flaw);
    out.unfit.push_back({std::move(subject), std::move(reason)});
  }
  for (auto& id : x.elements[3].elements)
    out.dropped.push_back(std::move(id.text));
  out.removed = static_cast<uint64_t>(integer_at(x, 6));
  if (x.elements[4].type == kind::text)
    out.walk = {std::move(x.elements[4].text), std::move(x.elements[5].text)};
  return out;
}

result<msg::queue_snapshot> decode_peek(reply x) {
  if (auto wrong = unless_array(x, 3, "peek"))
    return fail(std::move(*wrong));
  msg::queue_snapshot out;
  out.queue_length = static_cast<uint64_t>(integer_at(x, 0));
  for (auto& entry : x.elements[1].elements) {
    auto data = entry.is_array(7) ? entry.elements[6].type : kind::nil;
    auto entry_size = data == kind::integer ? entry.elements[6].integer : 0;
    auto subject = decode_job(std::move(entry)).subject;
    // Longer than any job may be: the claim brings it, to be told so.
    auto too_long = data == kind::integer
                    && entry_size > static_cast<int64_t>(data_bytes_max);
    if (data == kind::integer && !too_long)
      subject.data.clear();
    else if (data == kind::nil || too_long)
      subject.data = "null";
    out.waiting.push_back(std::move(subject));
  }
  for (auto& position : x.elements[2].elements)
    out.known.push_back(static_cast<uint32_t>(position.integer));
  std::istringstream counts{text_at(x, 3)};
  uint64_t count = 0;
  for (auto type : job_types)
    if (counts >> count)
      out.waiting_by_type[std::string{type}] = count;
  return out;
}

result<decoded_ownership> decode_ownership(reply x) {
  if (auto wrong = unless_array(x, 2, "progress"))
    return fail(std::move(*wrong));
  return decoded_ownership{integer_at(x, 0) == 1, text_at(x, 1)};
}

result<decoded_settle> decode_settle(reply x) {
  if (auto wrong = unless_array(x, 2, "settle"))
    return fail(std::move(*wrong));
  decoded_settle out;
  out.written = integer_at(x, 0) == 1;
  if (auto& entry = x.elements[1]; entry.is_array(2)) {
    auto attempts = count_at(entry, 0);
    out.webhook = {attempts, integer_at(entry, 1)};
  }
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

result<decoded_recover> decode_recover(reply x) {
  if (auto wrong = unless_array(x, 3, "recover"))
    return fail(std::move(*wrong));
  decoded_recover out;
  out.next_due_ms = x.elements[0].integer;
  for (auto& entry : x.elements[1].elements)
    if (entry.is_array(3)) {
      auto attempt = count_at(entry, 2);
      out.jobs.push_back({text_at(entry, 0), text_at(entry, 1), attempt});
    }
  out.workers = std::max(1u, count_at(x, 2));
  return out;
}

result<std::string> decode_version(const reply& x) {
  if (x.type == kind::error)
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
