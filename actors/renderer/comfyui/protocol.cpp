#include "actors/renderer/comfyui/protocol.hpp"

#include "actors/renderer/service_answer.hpp"

#include <algorithm>

namespace render::comfyui {

namespace {

using namespace std::chrono_literals;

http_request request(const server& at, std::string method, std::string path) {
  http_request out;
  out.method = std::move(method);
  out.url = at.base + path;
  out.headers = {{"X-C3-API-KEY", at.api_key}};
  out.total_timeout = 30s;
  // Queue and history carry whole workflows.
  out.max_body_bytes = 64ull << 20;
  return out;
}

http_request post_json(const server& at, std::string path, std::string body) {
  auto out = request(at, "POST", std::move(path));
  out.headers.push_back({"Content-Type", "application/json"});
  out.body = std::move(body);
  return out;
}

/// The first validation error of a workflow's node, for people.
std::string complaint(const json::value& node) {
  auto* errors = json::find(node, "errors");
  auto out = json::string_or_empty(node, "class_type");
  if (errors && errors->IsArray() && !errors->Empty()) {
    auto& first = (*errors)[0];
    out += ": " + json::string_or_empty(first, "message");
    auto details = json::string_or_empty(first, "details");
    if (!details.empty())
      out += " (" + details + ")";
  }
  return excerpt(out, 300);
}

bool touches(const json::value& node, const std::string& wanted) {
  auto* outputs = json::find(node, "dependent_outputs");
  if (!outputs || !outputs->IsArray())
    return true;
  return std::any_of(outputs->Begin(), outputs->End(), [&](auto& x) {
    return x.IsString() && x.GetString() == wanted;
  });
}

/// Why no video can come, although other outputs may.
std::string video_refused(const json::document& doc,
                          const std::string& video_node) {
  auto* nodes = json::find(doc, "node_errors");
  // An empty `node_errors` may be an array.
  if (!nodes || !nodes->IsObject())
    return {};
  for (auto& node : nodes->GetObject())
    if (video_node.empty() || node.name.GetString() == video_node
        || touches(node.value, video_node))
      return complaint(node.value);
  return {};
}

bool is_video(const json::value& x) {
  auto format = json::string_or_empty(x, "format");
  auto name = json::string_or_empty(x, "filename");
  return format.starts_with("video/") || name.ends_with(".mp4")
         || name.ends_with(".webm") || name.ends_with(".mov");
}

output_file read_output(const json::value& x) {
  auto type = json::string_or_empty(x, "type");
  return {json::string_or_empty(x, "filename"),
          json::string_or_empty(x, "subfolder"),
          type.empty() ? "output" : type};
}

output_file find_video(const json::value& outputs,
                       const std::string& video_node) {
  auto of_node = [](const json::value& node) -> output_file {
    for (auto* key : {"gifs", "videos", "images"})
      if (auto* files = json::find(node, key); files && files->IsArray())
        for (auto& x : files->GetArray())
          if (is_video(x))
            return read_output(x);
    return {};
  };
  if (!outputs.IsObject())
    return {};
  if (auto* node = json::find(outputs, video_node))
    if (auto found = of_node(*node); !found.filename.empty())
      return found;
  for (auto& node : outputs.GetObject())
    if (auto found = of_node(node.value); !found.filename.empty())
      return found;
  return {};
}

// As the Python worker writes it, for front ends that look for it.
std::string place_of(const json::value& error) {
  auto id = excerpt(json::string_or_empty(error, "node_id"), 100);
  auto type = excerpt(json::string_or_empty(error, "node_type"), 100);
  std::string out;
  if (!id.empty())
    out += " in node " + id;
  if (!type.empty())
    out += " (" + type + ")";
  return out;
}

failure read_failure(const json::value* status) {
  auto* messages = status ? json::find(*status, "messages") : nullptr;
  if (messages && messages->IsArray())
    for (auto& entry : messages->GetArray()) {
      if (!entry.IsArray() || entry.Size() < 2 || !entry[0].IsString())
        continue;
      std::string_view name = entry[0].GetString();
      auto& data = entry[1];
      if (name == "execution_interrupted")
        return {failure_kind::unavailable,
                "ComfyUI: the render was interrupted on the node"};
      if (name != "execution_error")
        continue;
      auto text = json::string_or_empty(data, "exception_message");
      return {is_gpu_trouble(text) ? failure_kind::unavailable
                                   : failure_kind::rejected,
              "ComfyUI error" + place_of(data) + ": " + excerpt(text, 300)};
    }
  return {failure_kind::rejected,
          "ComfyUI: the render failed without saying why"};
}

} // namespace

http_request upload_request(const server& at, const std::string& path,
                            const std::string& name) {
  auto out = request(at, "POST", "/upload/image");
  out.parts = {{"image", {}, path, name, {}},
               {"overwrite", "true", {}, {}, {}}};
  out.total_timeout = 300s;
  out.stall_timeout = 60s;
  return out;
}

http_request prompt_request(const server& at, const std::string& workflow,
                            const std::string& prompt_id,
                            const std::string& client_id) {
  auto out = post_json(at, "/prompt",
                       R"({"prompt":)" + workflow + R"(,"prompt_id":)"
                         + json::quote(prompt_id) + R"(,"client_id":)"
                         + json::quote(client_id) + "}");
  // A repeated request would queue the prompt twice: a server does not refuse
  // an id that it has seen before.
  out.once = true;
  return out;
}

http_request history_request(const server& at, const std::string& prompt_id) {
  return request(at, "GET", "/history/" + percent_encode(prompt_id));
}

http_request queue_request(const server& at) {
  return request(at, "GET", "/queue");
}

http_request delete_request(const server& at, const std::string& prompt_id) {
  return post_json(at, "/queue",
                   R"({"delete":[)" + json::quote(prompt_id) + "]}");
}

http_request interrupt_request(const server& at, const std::string& prompt_id) {
  return post_json(at, "/interrupt",
                   R"({"prompt_id":)" + json::quote(prompt_id) + "}");
}

http_request events_request(const server& at, const std::string& client_id) {
  auto out = request(at, "GET", "/ws?clientId=" + percent_encode(client_id));
  out.url.replace(0, 4, "ws");
  // Room for preview pictures, which the server sends although they are not
  // used.
  out.max_body_bytes = 32ull << 20;
  out.total_timeout = 0s;
  return out;
}

event read_event(std::string_view message, const std::string& prompt_id) {
  auto doc = json::parse(message);
  auto* data = doc ? json::find(*doc, "data") : nullptr;
  if (!data || !data->IsObject())
    return {};
  auto type = json::string_or_empty(*doc, "type");
  // An older server does not name the prompt of a progress message, but sends
  // it only to that prompt's client.
  auto whose = json::string_or_empty(*data, "prompt_id");
  if (!(whose == prompt_id || (whose.empty() && type == "progress")))
    return {};
  event out;
  out.running = type == "execution_start" || type == "executing"
                || type == "progress" || type == "progress_state";
  // "execution_success" comes before the history has the prompt.
  auto* node = json::find(*data, "node");
  out.ended = type == "executing" && node && node->IsNull();
  auto* value = json::find(*data, "value");
  auto* max = json::find(*data, "max");
  if (type == "progress" && value && max && value->IsNumber() && max->IsNumber()
      && max->GetDouble() > 0)
    out.progress = std::clamp(value->GetDouble() / max->GetDouble(), 0.0, 1.0);
  return out;
}

http_request view_request(const server& at, const output_file& x,
                          const std::string& target, uint64_t max_bytes) {
  auto out = request(at, "GET",
                     "/view?filename=" + percent_encode(x.filename)
                       + "&subfolder=" + percent_encode(x.subfolder)
                       + "&type=" + percent_encode(x.type));
  out.output_file = target;
  out.max_body_bytes = max_bytes;
  out.total_timeout = 600s;
  out.stall_timeout = 60s;
  return out;
}

result<std::string> read_upload(const result<http_response>& got) {
  auto doc = read_json_answer("ComfyUI upload", got);
  if (!doc)
    return fail(doc.error());
  auto name = json::string_or_empty(*doc, "name");
  if (name.empty())
    return fail(failure_kind::unavailable,
                "ComfyUI upload: no name in the answer");
  auto folder = json::string_or_empty(*doc, "subfolder");
  return folder.empty() ? name : folder + "/" + name;
}

result<std::string> read_prompt(const result<http_response>& got,
                                const std::string& video_node) {
  if (got && got->status == 400) {
    auto doc = json::parse(got->body);
    if (!doc)
      return fail(failure_kind::rejected,
                  "ComfyUI refused the workflow: " + excerpt(got->body));
    std::string text = "ComfyUI refused the workflow: ";
    if (auto* error = json::find(*doc, "error"))
      text += excerpt(json::string_or_empty(*error, "message"), 300);
    if (auto more = video_refused(*doc, {}); !more.empty())
      text += "; " + more;
    return fail(failure_kind::rejected, text);
  }
  // A proxy's 502 or 504 may hide a prompt that was queued.
  if (got && (got->status == 502 || got->status == 504))
    return fail(failure_kind::outcome_unknown,
                "ComfyUI prompt: " + describe_answer(*got));
  auto doc = read_json_answer("ComfyUI prompt", got);
  if (!doc)
    return fail(doc.error());
  if (auto why = video_refused(*doc, video_node); !why.empty())
    return fail(failure_kind::rejected,
                "ComfyUI accepted only part of the workflow: " + why);
  auto id = json::string_or_empty(*doc, "prompt_id");
  if (id.empty())
    return fail(failure_kind::unavailable,
                "ComfyUI prompt: no prompt_id in the answer");
  return id;
}

result<history> read_history(const result<http_response>& got,
                             const std::string& prompt_id,
                             const std::string& video_node) {
  auto doc = read_json_answer("ComfyUI history", got);
  if (!doc)
    return fail(doc.error());
  history out;
  auto* entry = json::find(*doc, prompt_id);
  if (!entry)
    return out;
  auto* status = json::find(*entry, "status");
  auto text = status ? json::string_or_empty(*status, "status_str") : "";
  out.ended = true;
  if (text == "error") {
    out.error = read_failure(status);
    return out;
  }
  if (auto* outputs = json::find(*entry, "outputs"))
    out.video = find_video(*outputs, video_node);
  if (out.video.filename.empty())
    out.error = {failure_kind::rejected,
                 "ComfyUI: the render ended without a video"};
  return out;
}

result<queue_place> read_queue(const result<http_response>& got,
                               const std::string& prompt_id) {
  auto doc = read_json_answer("ComfyUI queue", got);
  if (!doc)
    return fail(doc.error());
  queue_place out;
  size_t before = 0;
  // Entries are arrays: number, id, workflow, ...
  for (auto* name : {"queue_running", "queue_pending"}) {
    auto* entries = json::find(*doc, name);
    if (!entries || !entries->IsArray())
      continue;
    for (auto& x : entries->GetArray()) {
      if (x.IsArray() && x.Size() > 1 && x[1].IsString()
          && x[1].GetString() == prompt_id) {
        out.running = std::string_view{name} == "queue_running";
        out.ahead = before;
        return out;
      }
      ++before;
    }
  }
  return out;
}

} // namespace render::comfyui
