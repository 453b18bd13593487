#include "app/local_cloud/vision_server.hpp"

#include "app/local_cloud/json_text.hpp"
#include "app/local_cloud/picture_words.hpp"
#include "app/local_cloud/stand_in.hpp"
#include "messages/text/base64.hpp"
#include "messages/text/digest.hpp"
#include "messages/text/hex.hpp"

#include <algorithm>
#include <ctime>

namespace render::local_cloud {

namespace {

constexpr auto busy_text
  = "server busy, please try again.  maximum pending requests exceeded";

std::string created_at() {
  auto now = unix_now();
  auto whole = static_cast<std::time_t>(now);
  std::tm utc{};
  ::gmtime_r(&whole, &utc);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
  return fmt::format(
    "{}.{:06}Z", text,
    static_cast<int>((now - static_cast<double>(whole)) * 1e6));
}

json_object message(std::string_view text) {
  return json_object{}.add("role", "assistant").add("content", text);
}

/// The words, each with the space before it, like a model's tokens.
std::vector<std::string> tokens_of(const std::string& text) {
  std::vector<std::string> out;
  for (size_t at = 0; at < text.size();) {
    auto end = std::min(text.find(' ', at + 1), text.size());
    out.push_back(text.substr(at, end - at));
    at = end;
  }
  return out;
}

void add_images(const json::value& from, std::vector<std::string>& into) {
  auto* images = json::find(from, "images");
  if (!images || !images->IsArray())
    return;
  for (auto& x : images->GetArray())
    into.emplace_back(x.IsString() ? x.GetString() : "");
}

/// Reads OpenAI's parts of a message, or a plain text.
void add_parts(const json::value& message, bool& has_text,
               std::vector<std::string>& images) {
  auto* content = json::find(message, "content");
  if (!content)
    return;
  if (content->IsString())
    has_text = has_text || content->GetStringLength() > 0;
  if (!content->IsArray())
    return;
  for (auto& part : content->GetArray()) {
    has_text = has_text || json::string_or_empty(part, "type") == "text";
    auto* image = json::find(part, "image_url");
    if (image && image->IsString())
      images.emplace_back(image->GetString());
    else if (image)
      images.push_back(json::string_or_empty(*image, "url"));
  }
}

/// Only data URLs of the three kinds that Ollama reads; empty otherwise.
std::string bytes_of_data_url(std::string_view url) {
  for (auto kind : {"jpeg", "jpg", "png", "webp"})
    if (auto rest = url;
        strip(rest, fmt::format("data:image/{};base64,", kind)))
      return from_base64(rest).value_or("");
  return {};
}

} // namespace

bool vision_server::handle(const httplib::Request& in, httplib::Response& out,
                           std::string_view path, std::shared_ptr<void> self) {
  bool get = in.method == "GET" || in.method == "HEAD";
  if (get && (path.empty() || path == "/"))
    reply_text(out, "Ollama is running");
  else if (get && path == "/api/version")
    reply_json(out, R"({"version":"0.12.6"})");
  else if (get && path == "/api/tags")
    reply_json(out, json_object{}.raw("models", models_json()).str());
  else if (get && path == "/api/ps")
    reply_json(out, R"({"models":[]})");
  else if (get && path == "/v1/models") {
    json_array list;
    for (auto& x : context_.config->vision_models)
      list.raw(json_object{}
                 .add("id", x)
                 .add("object", "model")
                 .add("created", 1'700'000'000)
                 .add("owned_by", "library")
                 .str());
    reply_json(
      out, json_object{}.add("object", "list").raw("data", list.str()).str());
  } else if (!get && path == "/api/show")
    show(in, out);
  else if (!get && path == "/api/generate")
    ask(dialect::generate, in, out, std::move(self));
  else if (!get && path == "/api/chat")
    ask(dialect::chat, in, out, std::move(self));
  else if (!get && path == "/v1/chat/completions")
    ask(dialect::openai, in, out, std::move(self));
  else
    return false;
  return true;
}

std::string vision_server::models_json() const {
  json_array list;
  for (auto& x : context_.config->vision_models)
    list.raw(json_object{}
               .add("name", x)
               .add("model", x)
               .add("modified_at", "2025-10-20T12:00:00Z")
               .add("size", int64_t{7'816'589'186})
               .add("digest", to_hex(sha256(x)))
               .raw("details", R"({"format":"gguf","family":"mllama",)"
                               R"("parameter_size":"10.7B",)"
                               R"("quantization_level":"Q4_K_M"})")
               .str());
  return list.str();
}

void vision_server::show(const httplib::Request& in,
                         httplib::Response& out) const {
  auto body = json::parse(in.body);
  auto name = body ? json::string_or_empty(*body, "model") : "";
  if (body && name.empty())
    name = json::string_or_empty(*body, "name");
  if (name.empty())
    return refuse(dialect::generate, {400, "model is required"}, out);
  if (!has_model(name))
    return refuse(dialect::generate,
                  {404, fmt::format("model '{}' not found", name)}, out);
  reply_json(out, R"({"details":{"format":"gguf","family":"mllama"},)"
                  R"("model_info":{"general.architecture":"mllama"},)"
                  R"("modified_at":"2025-10-20T12:00:00Z",)"
                  R"("capabilities":["completion","vision"]})");
}

bool vision_server::has_model(std::string_view name) const {
  auto& models = context_.config->vision_models;
  return std::any_of(models.begin(), models.end(), [&](auto& x) {
    // A name without a tag means ":latest".
    return x == name || x == std::string{name} + ":latest";
  });
}

auto vision_server::read(dialect form, const std::string& body) const
  -> answer_or<question> {
  auto doc = json::parse(body);
  if (!doc || !doc->IsObject())
    return tl::unexpected{refusal{400, body.empty() ? "missing request body"
                                                    : "invalid character in "
                                                      "the request body"}};
  question out;
  out.model = json::string_or_empty(*doc, "model");
  // Ollama streams unless told not to, OpenAI the other way round.
  out.stream = json::boolean(*doc, "stream").value_or(form != dialect::openai);
  if (form == dialect::generate) {
    out.has_text = !json::string_or_empty(*doc, "prompt").empty();
    add_images(*doc, out.images);
    return out;
  }
  auto* messages = json::find(*doc, "messages");
  if (messages && !messages->IsArray())
    return tl::unexpected{refusal{400, "messages must be an array"}};
  if (messages)
    for (auto& x : messages->GetArray()) {
      add_parts(x, out.has_text, out.images);
      if (form == dialect::chat)
        add_images(x, out.images);
    }
  if (form == dialect::openai && !out.has_text && out.images.empty())
    return tl::unexpected{refusal{400, "[] is too short - 'messages'"}};
  return out;
}

auto vision_server::see(dialect form, const question& x) const
  -> answer_or<std::string> {
  if (x.images.empty())
    return std::string{"There is no picture here, so there is nothing that I "
                       "could describe."};
  if (x.images.size() > 1)
    return tl::unexpected{
      refusal{400, "this model only supports one image while more than one "
                   "image requested"}};
  auto bytes = form == dialect::openai ? bytes_of_data_url(x.images[0])
                                       : from_base64(x.images[0]).value_or("");
  if (bytes.empty())
    return tl::unexpected{refusal{
      400, form == dialect::openai ? "invalid image input"
                                   : "illegal base64 data at input byte 0"}};
  auto facts = measure_picture(bytes);
  if (!facts)
    return tl::unexpected{
      refusal{500, "Failed to create new sequence: " + facts.error().message}};
  return describe(*facts) + " " + stand_in_viewer;
}

void vision_server::refuse(dialect form, const refusal& why,
                           httplib::Response& out) const {
  auto error = json_text(why.text);
  if (form == dialect::openai)
    error = json_object{}
              .add("message", why.text)
              .add("type", why.status == 404   ? "not_found_error"
                           : why.status >= 500 ? "api_error"
                                               : "invalid_request_error")
              .raw("param", "null")
              .raw("code", "null")
              .str();
  reply_json(out, json_object{}.raw("error", error).str(), why.status);
}

void vision_server::ask(dialect form, const httplib::Request& in,
                        httplib::Response& out, std::shared_ptr<void> self) {
  if (context_.fault("ollama_busy"))
    return refuse(form, {503, busy_text}, out);
  auto x = read(form, in.body);
  if (!x)
    return refuse(form, x.error(), out);
  if (context_.fault("model_missing") || !has_model(x->model))
    return refuse(form, {404, fmt::format("model '{}' not found", x->model)},
                  out);
  if (!x->has_text && x->images.empty())
    return reply_json(out, last_piece(form, x->model, "", 0, "load"));
  context_.books->job_started(context_.node, "ollama");
  auto time = context_.job_time("ollama", 0, context_.slowness("ollama"));
  auto answer = see(form, *x);
  bool in_time = wait_unless_stopped(time, context_.stop);
  context_.books->job_ended(context_.node, "ollama",
                            answer.has_value() && in_time);
  if (!in_time)
    return cut_connection(in);
  if (!answer)
    return refuse(form, answer.error(), out);
  if (x->stream)
    return answer_streamed(form, *x, *answer, out, std::move(self));
  auto tokens = tokens_of(*answer).size();
  if (form == dialect::openai)
    return reply_json(out, openai_answer(x->model, *answer, tokens));
  reply_json(out, last_piece(form, x->model, *answer, tokens, "stop"));
}

std::string vision_server::piece(dialect form, const std::string& model,
                                 std::string_view text, bool last) const {
  if (form == dialect::openai)
    return "data: "
           + json_object{}
               .add("id", "chatcmpl-1")
               .add("object", "chat.completion.chunk")
               .add("created", static_cast<int64_t>(unix_now()))
               .add("model", model)
               .raw("choices",
                    json_array{}
                      .raw(json_object{}
                             .add("index", 0)
                             .raw("delta", message(text).str())
                             .raw("finish_reason", last ? R"("stop")" : "null")
                             .str())
                      .str())
               .str()
           + "\n\n";
  json_object out;
  out.add("model", model).add("created_at", created_at());
  if (form == dialect::generate)
    out.add("response", text);
  else
    out.raw("message", message(text).str());
  return out.add("done", false).str() + '\n';
}

std::string vision_server::last_piece(dialect form, const std::string& model,
                                      std::string_view whole, size_t tokens,
                                      std::string_view reason) const {
  json_object out;
  out.add("model", model).add("created_at", created_at());
  if (form == dialect::generate)
    out.add("response", whole);
  else
    out.raw("message", message(whole).str());
  out.add("done", true).add("done_reason", reason);
  if (tokens > 0)
    out.add("total_duration", 100'000'000)
      .add("load_duration", 1'000'000)
      .add("prompt_eval_count", 16)
      .add("prompt_eval_duration", 49'000'000)
      .add("eval_count", tokens)
      .add("eval_duration", 50'000'000);
  return out.str();
}

std::string vision_server::openai_answer(const std::string& model,
                                         std::string_view text,
                                         size_t tokens) const {
  auto choice = json_object{}
                  .add("index", 0)
                  .raw("message", message(text).str())
                  .add("finish_reason", "stop")
                  .str();
  return json_object{}
    .add("id", "chatcmpl-1")
    .add("object", "chat.completion")
    .add("created", static_cast<int64_t>(unix_now()))
    .add("model", model)
    .raw("choices", json_array{}.raw(choice).str())
    .raw("usage", json_object{}
                    .add("prompt_tokens", 16)
                    .add("completion_tokens", tokens)
                    .add("total_tokens", 16 + tokens)
                    .str())
    .str();
}

void vision_server::answer_streamed(dialect form, const question& x,
                                    const std::string& answer,
                                    httplib::Response& out,
                                    std::shared_ptr<void> self) const {
  auto tokens = tokens_of(answer);
  std::vector<std::string> pieces;
  pieces.reserve(tokens.size() + 1);
  for (auto& token : tokens)
    pieces.push_back(piece(form, x.model, token));
  if (context_.fault("ollama_midstream_error")) {
    // The status was sent long ago, so the error is a line of the stream.
    pieces.resize(std::min<size_t>(pieces.size(), 3));
    auto line = json_object{}
                  .add("error", "an error was encountered while running the "
                                "model: unexpected EOF")
                  .str();
    pieces.push_back(form == dialect::openai ? "data: " + line + "\n\n"
                                             : line + '\n');
  } else if (form == dialect::openai) {
    pieces.push_back(piece(form, x.model, "", true));
    pieces.push_back("data: [DONE]\n\n");
  } else {
    pieces.push_back(last_piece(form, x.model, "", tokens.size(), "stop")
                     + '\n');
  }
  out.set_chunked_content_provider(
    form == dialect::openai ? "text/event-stream" : "application/x-ndjson",
    [pieces = std::move(pieces), stop = context_.stop, self = std::move(self),
     next = size_t{0}](size_t, httplib::DataSink& sink) mutable {
      if (stop.stop_requested()
          || !sink.write(pieces[next].data(), pieces[next].size()))
        return false;
      if (++next == pieces.size())
        sink.done();
      return true;
    });
}

} // namespace render::local_cloud
