#include "app/web/job_json.hpp"

#include "app/records/worker_view.hpp"
#include "app/web/json_object.hpp"
#include "messages/http.hpp"
#include "messages/job_params.hpp"
#include "messages/money.hpp"
#include "messages/text/lower.hpp"
#include "messages/text/percent.hpp"
#include "messages/text/web_url.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

namespace render::web {

namespace {

using records::field;
using records::number_field;
using records::record;

/// Bytes of one text of the input that are shown; the record has the rest.
constexpr size_t text_max = 20'000;

std::string cut(std::string_view x) {
  if (x.size() <= text_max)
    return std::string{x};
  auto out = x.substr(0, text_max);
  while (!out.empty()
         && (static_cast<unsigned char>(out.back()) & 0xc0) == 0x80)
    out.remove_suffix(1);
  if (!out.empty() && static_cast<unsigned char>(out.back()) >= 0xc0)
    out.remove_suffix(1);
  return std::string{out} + "…";
}

/// A query may hold a signature, and the part before the host a password.
std::string shown_text(std::string_view x) {
  return cut(is_web_url(x) ? redacted_url(x) : std::string{x});
}

std::string shown_value(const json::value& x);

std::string shown_elements(const json::value& x) {
  json_array out;
  size_t left = text_max;
  for (auto& one : x.GetArray()) {
    auto text = shown_value(one);
    if (text.size() > left)
      break;
    left -= text.size();
    out.raw(text);
  }
  return out.finish();
}

/// As many as fit in `left` bytes.
std::string shown_members(const json::value& x, size_t left) {
  json_object out;
  for (auto& one : x.GetObject()) {
    std::string_view name{one.name.GetString(), one.name.GetStringLength()};
    auto text = shown_value(one.value);
    if (name.size() + text.size() > left)
      break;
    left -= name.size() + text.size();
    out.raw(name, text);
  }
  return out.finish();
}

std::string shown_value(const json::value& x) {
  if (x.IsString())
    return json::quote(shown_text({x.GetString(), x.GetStringLength()}));
  if (x.IsArray())
    return shown_elements(x);
  if (x.IsObject())
    return shown_members(x, text_max);
  // Only Python's JSON has NaN.
  auto is_nan = x.IsDouble() && !std::isfinite(x.GetDouble());
  return is_nan ? "null" : json::to_text(x);
}

std::string input_json(const std::string& data) {
  auto doc = json::parse_as_python(data);
  if (!doc || !doc->IsObject())
    return "{}";
  return shown_members(*doc, data_bytes_max);
}

std::string waiting_json(const records::waiting& x) {
  json_object out;
  out.add("place", x.place).add("reason", x.reason).add("text", x.sentence);
  out.some("until", x.until_s);
  if (x.begins_in) {
    out.raw("begins_in", "[" + json_number(x.begins_in->first) + ","
                           + json_number(x.begins_in->second) + "]");
    out.add("guessed", x.guessed);
  }
  if (x.deadline_at_risk)
    out.add("deadline_at_risk", *x.deadline_at_risk);
  return out.finish();
}

std::string receipt_json(const std::string& receipt) {
  auto doc = json::parse(receipt_header(receipt));
  json_object out;
  if (doc)
    for (auto* name : {"seconds", "own_s", "boot_s", "idle_s", "usd"})
      if (auto x = json::number(*doc, name))
        out.add(name, *x);
  return out.finish();
}

std::string attempts_json(const record& x) {
  json_array out;
  for (auto n = 1; n <= 20; ++n) {
    auto text = field(x, "attempt_" + std::to_string(n));
    auto doc = text.empty() ? result<json::document>{} : json::parse(text);
    if (text.empty() || !doc || !doc->IsObject())
      continue;
    json_object one;
    one.add("n", n)
      .some("worker", json::string_or_empty(*doc, "worker"))
      .some("gpu", json::string_or_empty(*doc, "gpu"))
      .some("began", json::number(*doc, "began").value_or(0))
      .some("ended", json::number(*doc, "ended").value_or(0))
      .some("how", json::string_or_empty(*doc, "how"));
    out.raw(one.finish());
  }
  return out.finish();
}

std::string stages_json(std::string_view lines) {
  json_array out;
  while (!lines.empty()) {
    auto end = lines.find('\n');
    auto line = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    auto space = line.find(' ');
    if (space == std::string_view::npos)
      continue;
    json_object one;
    one.add("name", line.substr(space + 1))
      .add("at", records::number_of(std::string{line.substr(0, space)}));
    out.raw(one.finish());
  }
  return out.finish();
}

std::string webhook_json(const record& x, const job_extras& more) {
  json_object out;
  auto url = notify_url_of(field(x, "data"));
  if (url.empty() && !more.webhook)
    return out.add("state", "none").finish();
  auto ended = records::is_final(field(x, "status"));
  // A front end that ends a job itself gets no webhook.
  auto ours = !field(x, "settled_by").empty();
  auto* state = more.webhook    ? (more.webhook->dead ? "dead" : "pending")
                : ended && ours ? "delivered"
                                : "none";
  out.add("state", state).some("host", host_of(url));
  if (more.webhook) {
    auto& entry = *more.webhook;
    out.add("tries", records::count_field(entry.fields, "attempts"));
    if (!entry.dead)
      out.some("next_at", entry.at_s);
    // It quotes the receiver.
    if (more.details)
      out.some("error", cut(field(entry.fields, "error")));
  }
  return out.finish();
}

std::string result_json(const std::string& id, const record& x,
                        const job_extras& more) {
  json_object out;
  auto url = field(x, "result_url");
  if (!url.empty()) {
    auto path = url.substr(0, url.find('?'));
    auto name = path.substr(path.rfind('/') + 1);
    out.add("url", more.base_path + "/v1/jobs/" + id + "/result")
      .add("content_type", content_type_of(name))
      .add("name", name);
  } else if (x.contains("result")) {
    out.add("text", field(x, "result"));
  }
  return out.finish();
}

std::string error_json(const record& x, const job_extras& more) {
  json_object out;
  out.some("code", field(x, "error_code")).add("message", field(x, "error"));
  if (more.details)
    out.some("detail", field(x, "error_detail"));
  return out.finish();
}

void add_progress(json_object& out, const record& x, const job_extras& more) {
  if (field(x, "status") != "running")
    return;
  out.some("stage", field(x, "stage"));
  auto told = number_field(x, "progress");
  if (more.estimate && *more.estimate > told)
    out.add("progress", *more.estimate).add("progress_estimated", true);
  else if (x.contains("progress"))
    out.add("progress", std::clamp(told, 0.0, 1.0));
}

std::string actions_json(const std::string& status) {
  return records::is_final(status) ? "[\"retry\"]" : "[\"cancel\"]";
}

} // namespace

std::string job_json(const std::string& id, const record& x,
                     const job_extras& more) {
  json_object out;
  auto status = field(x, "status");
  auto finished = number_field(x, "finished_at");
  out.add("id", id).add("type", field(x, "type")).add("status", status);
  add_progress(out, x, more);
  out.some("created_at", number_field(x, "created_at"))
    .some("started_at", number_field(x, "started_at"))
    .some("finished_at", finished > 0 ? finished : more.ended_s)
    .some("complete_by", number_field(x, "complete_by"))
    .some("max_time", number_field(x, "max_time"));
  if (x.contains("waited_s"))
    out.add("waited", number_field(x, "waited_s"));
  if (auto attempt = records::count_field(x, "attempt"); attempt > 0)
    out.add("attempt", attempt);
  out.some("worker", field(x, "worker")).some("gpu", field(x, "gpu"));
  if (more.waiting)
    out.raw("waiting", waiting_json(*more.waiting));
  if (x.contains("data"))
    out.raw("input", input_json(field(x, "data")));
  if (status == "success")
    out.raw("result", result_json(id, x, more));
  if (records::is_final(status) && !field(x, "error").empty())
    out.raw("error", error_json(x, more));
  out.some("notice", field(x, "notice"));
  if (auto receipt = field(x, "receipt"); !receipt.empty())
    out.raw("receipt", receipt_json(receipt));
  out.some("retry_of", field(x, "retry_of"));
  if (auto doc = json::parse(field(x, "metadata")); doc && doc->IsObject())
    out.raw("metadata", json::to_text(*doc));
  out.raw("attempts", attempts_json(x))
    .raw("stages", stages_json(field(x, "stages")));
  if (x.contains("data"))
    out.raw("webhook", webhook_json(x, more));
  return out.raw("actions", actions_json(status)).finish();
}

std::string host_of(const std::string& url) {
  auto at = url.find("://");
  if (at == std::string::npos)
    return {};
  auto host = url.substr(at + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  return host.substr(host.rfind('@') + 1);
}

std::string event_json(const records::told_event& x) {
  json_object fields;
  for (auto& [name, value] : x.fields)
    fields.add(name, value);
  json_object out;
  out.add("at", x.at_s).add("what", x.what).raw("fields", fields.finish());
  return out.finish();
}

std::string job_gist(const record& x) {
  auto percent = std::lround(100 * number_field(x, "progress"));
  return field(x, "status") + "\n" + field(x, "stage") + "\n"
         + std::to_string(percent) + "\n" + field(x, "attempt") + "\n"
         + field(x, "worker");
}

std::string local_result(const record& x) {
  constexpr std::string_view scheme = "file://";
  auto url = field(x, "result_url");
  if (!url.starts_with(scheme))
    return {};
  return percent_decoded(url.substr(scheme.size())).value_or("");
}

std::string content_type_of(const std::string& name) {
  static const std::map<std::string, std::string> known{
    {".mp3", "audio/mpeg"},
    {".wav", "audio/wav"},
    {".ogg", "audio/ogg"},
    {".m4a", "audio/mp4"},
    {".flac", "audio/flac"},
    {".mp4", "video/mp4"},
    {".webm", "video/webm"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".webp", "image/webp"},
    {".gif", "image/gif"},
    {".txt", "text/plain; charset=utf-8"}};
  auto at = known.find(lower(std::filesystem::path{name}.extension().string()));
  return at == known.end() ? "application/octet-stream" : at->second;
}

} // namespace render::web
