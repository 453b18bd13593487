#include "actors/renderer/gradio/requests.hpp"

#include "actors/renderer/service_answer.hpp"

namespace render::gradio {

namespace {

using namespace std::chrono_literals;

// Heartbeats come every 15 s.
constexpr auto stream_stall = 60s;
// Enough for a day of heartbeats and the results of some hours of speech.
constexpr uint64_t stream_bytes_max = 256ull << 20;

http_request request(const server& at, std::string method,
                     const std::string& path) {
  http_request out;
  out.method = std::move(method);
  out.url = at.base + path;
  out.headers = {{"X-C3-API-KEY", at.api_key}};
  out.total_timeout = 30s;
  return out;
}

http_request post_json(const server& at, const std::string& path,
                       std::string body) {
  auto out = request(at, "POST", at.prefix + path);
  out.headers.push_back({"Content-Type", "application/json"});
  out.body = std::move(body);
  return out;
}

std::string session_json(const session& x) {
  return R"("session_hash":)" + json::quote(x.hash) + R"(,"fn_index":)"
         + std::to_string(x.function);
}

/// The texts of a 422: the list of the framework or of a validator.
std::string refusal_text(const http_response& x) {
  auto doc = json::parse(x.body);
  if (!doc)
    return excerpt(x.body);
  auto* list = json::find(*doc, "detail");
  if (!list)
    list = &*doc;
  if (list->IsString())
    return excerpt(list->GetString(), 300);
  if (!list->IsArray())
    return excerpt(x.body, 300);
  std::string out;
  for (auto& entry : list->GetArray()) {
    if (json::boolean(entry, "is_valid").value_or(false))
      continue;
    auto text = json::string_or_empty(entry, "msg")
                + json::string_or_empty(entry, "message");
    auto name = json::string_or_empty(entry, "parameter_name");
    if (auto* loc = json::find(entry, "loc"))
      name = json::to_text(*loc);
    out.append(out.empty() ? "" : "; ").append(name);
    out.append(name.empty() ? "" : ": ").append(text);
  }
  return excerpt(out.empty() ? x.body : out, 300);
}

} // namespace

http_request config_request(const server& at) {
  auto out = request(at, "GET", "/config");
  out.max_body_bytes = 64ull << 20;
  return out;
}

http_request info_request(const server& at) {
  return request(at, "GET", at.prefix + "/info");
}

http_request upload_request(const server& at, const std::string& path,
                            const std::string& name) {
  auto out = request(at, "POST", at.prefix + "/upload");
  out.parts = {{"files", {}, path, name, {}}};
  out.total_timeout = 600s;
  out.stall_timeout = 60s;
  return out;
}

http_request join_request(const server& at, const session& x,
                          const std::string& data_json) {
  auto out = post_json(at, "/queue/join",
                       R"({"data":)" + data_json + "," + session_json(x) + "}");
  out.once = true;
  return out;
}

http_request stream_request(const server& at, const session& x) {
  auto out
    = request(at, "GET",
              at.prefix + "/queue/data?session_hash=" + percent_encode(x.hash));
  out.total_timeout = 0s;
  out.stall_timeout = stream_stall;
  out.max_body_bytes = stream_bytes_max;
  return out;
}

http_request cancel_request(const server& at, const session& x) {
  return post_json(at, "/cancel",
                   R"({"event_id":)" + json::quote(x.event) + ","
                     + session_json(x) + "}");
}

http_request file_request(const server& at, const std::string& path,
                          const std::string& target, uint64_t max_bytes) {
  auto out = request(at, "GET",
                     at.prefix + "/file=" + percent_encode(path, "/"));
  out.output_file = target;
  out.max_body_bytes = max_bytes;
  out.total_timeout = 600s;
  out.stall_timeout = 60s;
  return out;
}

result<std::string> read_upload(const server& at, std::string_view field,
                                const result<http_response>& got) {
  if (got && got->status == 413)
    return fail(failure_kind::invalid_input, std::string{field}
                                               + ": the file is larger than "
                                               + at.name + " accepts");
  auto doc = read_json_answer(at.name + " upload", got);
  if (!doc)
    return fail(doc.error());
  if (!doc->IsArray() || doc->Empty() || !(*doc)[0].IsString())
    return fail(
      failure_kind::unavailable,
      at.name + " upload: no path in the answer: " + excerpt(got->body, 120));
  return std::string{(*doc)[0].GetString(), (*doc)[0].GetStringLength()};
}

std::string file_argument(const std::string& path, const std::string& name) {
  return R"({"path":)" + json::quote(path) + R"(,"orig_name":)"
         + json::quote(name) + R"(,"meta":{"_type":"gradio.FileData"}})";
}

result<joined> read_join(const server& at, const result<http_response>& got) {
  auto what = at.name + " queue";
  if (!got && got.error().kind == failure_kind::outcome_unknown)
    return joined{};
  if (got && (got->status == 503 || got->status == 429))
    return joined{true, {}};
  // A proxy has lost the answer; the app may have queued the run.
  if (got && (got->status == 502 || got->status == 504))
    return joined{};
  if (got && got->status == 422)
    return fail(failure_kind::rejected,
                at.name + " refused the parameters: " + refusal_text(*got));
  auto doc = read_json_answer(what, got);
  if (!doc)
    return fail(doc.error());
  auto event = json::string_or_empty(*doc, "event_id");
  if (event.empty())
    return fail(failure_kind::unavailable,
                what
                  + ": no event_id in the answer: " + excerpt(got->body, 120));
  return joined{false, std::move(event)};
}

failure read_stream_end(const server& at, const result<http_response>& got) {
  auto what = at.name + " events: ";
  if (!got
      && (got.error().kind == failure_kind::cancelled
          || got.error().kind == failure_kind::aborted
          || got.error().kind == failure_kind::unfit))
    return got.error();
  if (!got)
    return {failure_kind::unavailable, what + got.error().message};
  if (!got->ok())
    return {failure_kind::unavailable, what + describe_answer(*got)};
  if (got->content_type() != "text/event-stream")
    return {failure_kind::unavailable,
            what + "no event stream but "
              + json::quote(excerpt(got->content_type(), 60))};
  return {failure_kind::unavailable,
          what + "the stream ended before the run had"};
}

std::string file_path(const json::value& output) {
  return json::string_or_empty(output, "path");
}

} // namespace render::gradio
