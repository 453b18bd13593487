#include "actors/renderer/vision/protocol.hpp"

#include "messages/text/json.hpp"

#include <algorithm>
#include <array>

namespace render::vision {

namespace {

using namespace std::chrono_literals;

// Limit of a stream's line; a line has one token of a few bytes.
constexpr size_t line_bytes_max = 1u << 20;

http_request request(const server& at, std::string method, std::string path) {
  http_request out;
  out.method = std::move(method);
  out.url = at.base + path;
  out.headers = {{"X-C3-API-KEY", at.api_key},
                 {"Authorization", "Bearer " + at.api_key}};
  return out;
}

/// error.message, else error, else message, else the body's beginning.
std::string error_text(std::string_view body) {
  auto doc = json::parse(body);
  if (!doc || !doc->IsObject())
    return excerpt(body, 300);
  if (auto* error = json::find(*doc, "error")) {
    if (error->IsString())
      return excerpt(error->GetString(), 300);
    auto text = json::string_or_empty(*error, "message");
    if (!text.empty())
      return excerpt(text, 300);
  }
  auto text = json::string_or_empty(*doc, "message");
  return excerpt(text.empty() ? body : std::string_view{text}, 300);
}

std::string base_name(std::string_view model) {
  return std::string{model.substr(0, model.find(':'))};
}

} // namespace

http_request tags_request(const server& at) {
  auto out = request(at, "GET", "/api/tags");
  out.total_timeout = 20s;
  return out;
}

http_request generate_request(const server& at, const question& x) {
  auto out = request(at, "POST", "/api/generate");
  out.headers.push_back({"Content-Type", "application/json"});
  out.body = R"({"model":)" + json::quote(x.model) + R"(,"prompt":)"
             + json::quote(x.prompt) + R"(,"images":[")" + x.image_base64
             + R"("],"stream":true,"keep_alive":"5m"})";
  out.total_timeout = 0s;
  out.stall_timeout = 600s;
  return out;
}

http_request chat_request(const server& at, const question& x) {
  auto out = request(at, "POST", "/v1/chat/completions");
  out.headers.push_back({"Content-Type", "application/json"});
  out.body = R"({"model":)" + json::quote(x.model)
             + R"(,"stream":false,"messages":[{"role":"user","content":[)"
             + R"({"type":"text","text":)" + json::quote(x.prompt)
             + R"(},{"type":"image_url","image_url":{"url":)"
             + R"("data:image/jpeg;base64,)" + x.image_base64 + R"("}}]}]})";
  out.total_timeout = 600s;
  return out;
}

result<std::vector<std::string>> read_tags(const result<http_response>& got) {
  if (!got)
    return fail(got.error());
  if (!got->ok())
    return fail(read_error(*got));
  auto doc = json::parse(got->body);
  auto* models = doc ? json::find(*doc, "models") : nullptr;
  if (!models || !models->IsArray())
    return fail(failure_kind::unavailable, "vision: no list of models");
  std::vector<std::string> out;
  for (auto& x : models->GetArray())
    if (auto name = json::string_or_empty(x, "name"); !name.empty())
      out.push_back(std::move(name));
  return out;
}

result<std::string> choose_model(const std::string& wanted,
                                 const std::vector<std::string>& models) {
  static constexpr std::array<std::string_view, 8> seeing{
    "llama3.2-vision", "gemma3",    "granite3.2-vision", "llava",
    "minicpm-v",       "qwen2.5vl", "bakllava",          "moondream"};
  for (auto& x : models)
    if (x == wanted || x == wanted + ":latest")
      return x;
  for (auto name : seeing)
    for (auto& x : models)
      if (base_name(x) == name)
        return x;
  std::string names;
  for (auto& x : models)
    names += (names.empty() ? "" : ", ") + x;
  return fail(failure_kind::rejected,
              "the vision model " + wanted + " is not on the node; there are: "
                + (names.empty() ? "none" : excerpt(names, 300)));
}

bool is_unknown_route(const http_response& x) {
  if (x.status != 404 && x.status != 405)
    return false;
  // Ollama reports a missing model in its own form: `error` is a plain text.
  // The JSON of other servers tells that the route is not found.
  auto doc = json::parse(x.body);
  return !doc || !doc->IsObject()
         || json::string_or_empty(*doc, "error").empty();
}

failure read_error(const http_response& x) {
  auto text = "vision: HTTP " + std::to_string(x.status) + ": "
              + error_text(x.body);
  auto passing = x.status == 401 || x.status == 403 || x.status == 408
                 || x.status == 429 || x.status == 499 || x.status >= 500;
  return {passing ? failure_kind::unavailable : failure_kind::rejected,
          std::move(text)};
}

void generate_reader::add(std::string_view bytes) {
  rest_ += bytes;
  for (auto end = rest_.find('\n'); end != std::string::npos && !ended();
       end = rest_.find('\n')) {
    read_line(std::string_view{rest_}.substr(0, end));
    rest_.erase(0, end + 1);
  }
  if (rest_.size() > line_bytes_max)
    error_ = {failure_kind::unavailable,
              "vision: the answer is no stream of lines"};
}

void generate_reader::read_line(std::string_view line) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos)
    return;
  auto doc = json::parse(line);
  if (!doc || !doc->IsObject()) {
    error_ = {failure_kind::unavailable,
              "vision: not JSON: " + excerpt(line, 120)};
    return;
  }
  // An error in mid-stream comes with status 200.
  if (json::find(*doc, "error")) {
    error_ = {failure_kind::rejected, "vision: " + error_text(line)};
    return;
  }
  text_ += json::string_or_empty(*doc, "response");
  done_ = json::boolean(*doc, "done").value_or(false);
}

result<std::string> read_chat(const result<http_response>& got) {
  if (!got)
    return fail(got.error());
  if (!got->ok())
    return fail(read_error(*got));
  auto doc = json::parse(got->body);
  auto* choices = doc ? json::find(*doc, "choices") : nullptr;
  if (!choices || !choices->IsArray() || choices->Empty())
    return fail(failure_kind::unavailable,
                "vision: no choices in the answer: " + excerpt(got->body, 120));
  auto* message = json::find((*choices)[0], "message");
  return final_text(message ? json::string_or_empty(*message, "content") : "");
}

result<std::string> final_text(std::string_view text) {
  constexpr auto space = " \t\r\n";
  auto begin = text.find_first_not_of(space);
  if (begin == std::string_view::npos)
    return fail(failure_kind::rejected, "the vision model said nothing");
  return std::string{
    text.substr(begin, text.find_last_not_of(space) - begin + 1)};
}

} // namespace render::vision
