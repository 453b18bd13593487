#include "actors/io/spans/otlp.hpp"

#include "messages/retry_after.hpp"
#include "messages/text/json.hpp"
#include "messages/text/utf8.hpp"

#include <algorithm>
#include <cmath>

namespace render::otlp {

namespace {

constexpr size_t text_max = 4096;

std::string json_text(std::string_view text) {
  return json::quote(valid_utf8(text.substr(0, text_max)));
}

void add_key(std::string& out, std::string_view key) {
  out += out.back() == '[' ? "" : ",";
  out += R"({"key":)" + json_text(key) + R"(,"value":{)";
}

void add_text(std::string& out, std::string_view key, std::string_view text) {
  add_key(out, key);
  out += R"("stringValue":)" + json_text(text) + "}}";
}

void add(std::string& out, const span_attribute& x) {
  if (!x.number)
    return add_text(out, x.key, x.text);
  add_key(out, x.key);
  out += R"("intValue":")" + std::to_string(*x.number) + R"("}})";
}

/// 64-bit numbers are text in JSON.
std::string nanoseconds(double unix_s) {
  auto whole = std::floor(std::max(0.0, unix_s));
  auto part = std::min(std::floor((std::max(0.0, unix_s) - whole) * 1e9),
                       999'999'999.0);
  return std::to_string(static_cast<uint64_t>(whole) * 1'000'000'000
                        + static_cast<uint64_t>(part));
}

void add_ids(std::string& out, const span_context& x) {
  out += R"("traceId":")" + trace_id_text(x) + R"(","spanId":")"
         + span_id_text(x.span) + '"';
  if (!x.state.empty())
    out += R"(,"traceState":)" + json_text(x.state);
}

void add(std::string& out, const span& x) {
  out += '{';
  add_ids(out, x.at);
  if (x.parent != 0)
    out += R"(,"parentSpanId":")" + span_id_text(x.parent) + '"';
  out += R"(,"flags":)" + std::to_string(x.at.sampled ? 1 : 0);
  out += R"(,"name":)" + json_text(x.name) + R"(,"kind":)"
         + std::to_string(static_cast<int>(x.kind));
  out += R"(,"startTimeUnixNano":")" + nanoseconds(x.start_s)
         + R"(","endTimeUnixNano":")"
         + nanoseconds(std::max(x.start_s, x.end_s)) + '"';
  out += R"(,"attributes":[)";
  for (auto& y : x.attributes)
    add(out, y);
  if (!x.error.empty())
    add_text(out, "error.type", x.error);
  out += ']';
  if (!x.links.empty()) {
    out += R"(,"links":[)";
    for (auto& y : x.links) {
      out += out.back() == '[' ? "{" : ",{";
      add_ids(out, y);
      out += R"(,"flags":)" + std::to_string(y.sampled ? 1 : 0) + '}';
    }
    out += ']';
  }
  // 2: an error. Without one, nothing is said, as OpenTelemetry wants it.
  if (!x.error.empty()) {
    out += R"(,"status":{"code":2)";
    if (!x.error_text.empty())
      out += R"(,"message":)" + json_text(x.error_text);
    out += '}';
  }
  out += '}';
}

uint64_t rejected_spans(const json::value& answer) {
  auto* part = json::find(answer, "partialSuccess");
  if (!part)
    return 0;
  if (auto number = json::integer(*part, "rejectedSpans"))
    return *number > 0 ? static_cast<uint64_t>(*number) : 0;
  // 64-bit numbers are text in JSON.
  auto text = json::string_or_empty(*part, "rejectedSpans");
  auto is_number = !text.empty() && text.size() < 19
                   && std::all_of(text.begin(), text.end(), [](char c) {
                        return c >= '0' && c <= '9';
                      });
  return is_number ? std::stoull(text) : 0;
}

} // namespace

std::string encode(const resource& by, const std::vector<span>& spans) {
  std::string out = R"({"resourceSpans":[{"resource":{"attributes":[)";
  for (auto& [key, text] : by.attributes)
    add_text(out, key, text);
  out += R"(]},"scopeSpans":[{"scope":{"name":"c3-render-worker","version":)"
         + json_text(by.version) + R"(},"spans":[)";
  for (auto& x : spans) {
    out += out.back() == '[' ? "" : ",";
    add(out, x);
  }
  return out + "]}]}]}";
}

verdict judge(const result<http_response>& got, double unix_s) {
  verdict out;
  if (!got) {
    out.why = got.error().message;
    auto kind = got.error().kind;
    if (kind == failure_kind::unavailable
        || kind == failure_kind::outcome_unknown)
      out.what = verdict::kind::again;
    return out;
  }
  if (got->ok()) {
    out.what = verdict::kind::taken;
    // What cannot be read tells of no rejection.
    if (auto doc = json::parse(got->body))
      out.rejected = rejected_spans(*doc);
    return out;
  }
  out.why = "HTTP " + std::to_string(got->status);
  if (auto text = excerpt(got->body); !text.empty())
    out.why += ": " + text;
  constexpr int32_t passing[] = {429, 502, 503, 504};
  if (std::find(std::begin(passing), std::end(passing), got->status)
      == std::end(passing))
    return out;
  out.what = verdict::kind::again;
  out.retry_after = retry_after(*got, unix_s);
  return out;
}

} // namespace render::otlp
