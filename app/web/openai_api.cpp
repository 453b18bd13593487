#include "app/web/openai_api.hpp"

#include "app/records/change.hpp"
#include "app/records/find.hpp"
#include "app/web/file_api.hpp"
#include "app/web/json_object.hpp"
#include "messages/job_params.hpp"

#include <algorithm>

namespace render::web {

namespace {

using facts_ptr = std::shared_ptr<const service_facts>;
using records::field;
using records::record;

/// OpenAI's clients wait ten minutes; most proxies one.
constexpr double wait_s = 55;
constexpr double complete_in_s = 600;

/// As OpenAI's clients read errors.
response error(unsigned status, const std::string& text,
               const std::string& param = {}, const std::string& job = {}) {
  json_object inner;
  inner.add("message", text)
    .add("type", status < 500 ? "invalid_request_error" : "server_error")
    .raw("param", param.empty() ? "null" : json::quote(param))
    .raw("code", "null");
  json_object out;
  out.raw("error", inner.finish()).some("job", job);
  return answer(status, out.finish());
}

response not_yet(const std::string& id, double after_s) {
  auto out = error(503,
                   "no warm GPU does it in time; the job " + id
                     + " goes on, see /v1/jobs/" + id,
                   {}, id);
  auto whole = static_cast<int64_t>(std::max(1.0, after_s));
  out.headers.emplace_back("Retry-After", std::to_string(whole));
  out.headers.emplace_back("X-C3-Job", id);
  // Their clients would make a second job of it.
  out.headers.emplace_back("X-Should-Retry", "false");
  return out;
}

/// The job's answer; `shape` makes it of a success.
using shape = std::function<response(const request&, const std::string& id,
                                     const record&)>;

response finished(const request& x, records::redis& db, const std::string& id,
                  const shape& of) {
  auto job = records::read_job(db, id);
  if (!job)
    return error(503, job.error().message, {}, id);
  auto status = field(*job, "status");
  if (!records::is_final(status))
    return not_yet(id, 30);
  if (status != "success")
    return error(field(*job, "error_code") == "invalid_input" ? 400 : 502,
                 field(*job, "error"), {}, id);
  auto out = of(x, id, *job);
  out.headers.emplace_back("X-C3-Job", id);
  return out;
}

// A fleet that is cold is told at once, before the client waits for nothing.
std::optional<double> too_long(records::redis& db, glance& waits,
                               const job& x) {
  auto why = waits.why(db, x.id, x.type, 0);
  if (!why || !*why)
    return std::nullopt;
  auto& begins_in = (*why)->begins_in;
  if (!begins_in)
    return 60;
  if ((*why)->guessed || begins_in->first > wait_s)
    return std::max(10.0, begins_in->second);
  return std::nullopt;
}

response send_and_wait(const request& asked, records::redis& db,
                       const service_facts& facts, job_kind kind,
                       const std::string& data, shape of) {
  if (auto ok = parse_params(kind, data); !ok)
    return error(400, ok.error().message);
  auto now = db.time();
  if (!now)
    return error(503, now.error().message);
  job x;
  x.id = job_id{records::new_job_id()};
  x.type = to_string(kind);
  x.created_at_s = *now;
  x.complete_by_s = *now + complete_in_s;
  x.data = data;
  x.trace = read_span_context(asked.header("traceparent"),
                              asked.header("tracestate"));
  auto done = records::enqueue(db, x);
  if (!done)
    return error(503, done.error().message);
  if (auto after = too_long(db, *facts.waits, x))
    return not_yet(done->id, *after);
  auto id = done->id;
  response out;
  out.wait = wait_for_job{
    id, wait_s, [id, of = std::move(of)](const request& y, records::redis& z) {
      return finished(y, z, id, of);
    }};
  return out;
}

/// Code points of UTF-8.
size_t characters_of(std::string_view text) {
  return static_cast<size_t>(
    std::count_if(text.begin(), text.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

response speech(const request& x, records::redis& db, const facts_ptr& facts) {
  auto doc = json::parse(x.body);
  if (!doc || !doc->IsObject())
    return error(400, "the body must be a JSON object");
  auto input = json::string_or_empty(*doc, "input");
  if (input.empty() || characters_of(input) > 4096)
    return error(400, "input must be a text of 1 to 4096 characters", "input");
  auto format = json::string(*doc, "response_format").value_or("mp3");
  if (format != "mp3")
    return error(400, "response_format must be mp3", "response_format");
  if (auto speed = json::number(*doc, "speed"); speed && *speed != 1)
    return error(400, "speed must be 1: the voice has one speed", "speed");
  auto voice = json::string_or_empty(*doc, "voice");
  // Their names mean nothing here: any voice will do.
  auto known = voice == "conversational_a" || voice == "conversational_b";
  json_object data;
  data.add("text", input).add("voice", known ? voice : "random");
  return send_and_wait(
    x, db, *facts, job_kind::csm, data.finish(),
    [facts](const request& y, const std::string& id, const record& job) {
      return result_of(y, id, job, *facts);
    });
}

std::string text_part(const request& x, std::string_view name) {
  for (auto& part : x.parts)
    if (part.field == name && part.path.empty())
      return part.text;
  return {};
}

/// "whisper-1" is what their clients send.
std::string model_of(const std::string& given) {
  static constexpr const char* known[]
    = {"tiny", "base", "small", "medium", "large", "large-v2", "large-v3"};
  auto same = std::find(std::begin(known), std::end(known), given);
  return same == std::end(known) ? "medium" : given;
}

response transcription(const request& x, records::redis& db,
                       const facts_ptr& facts, const char* task) {
  auto* file = only_file(x);
  if (!file)
    return error(400, "one file is needed, in the part file", "file");
  if (file->bytes == 0)
    return error(400, "the file is empty", "file");
  auto format = text_part(x, "response_format");
  if (!format.empty() && format != "json" && format != "text")
    return error(400, "response_format must be json or text",
                 "response_format");
  auto kept = facts->files->keep(*file);
  if (!kept)
    return error(503, kept.error().message);
  auto url = facts->files->link(file->sha256, records::unix_now());
  if (!url)
    return error(503, "the upload is gone");
  json_object data;
  data.add("audio_url", *url)
    .add("model", model_of(text_part(x, "model")))
    .add("task", task)
    .add("language", text_part(x, "language"));
  auto plain = format == "text";
  return send_and_wait(
    x, db, *facts, job_kind::whisper, data.finish(),
    [plain](const request&, const std::string&, const record& job) {
      auto text = field(job, "result");
      auto out = answer(200, plain ? text
                                   : json_object{}.add("text", text).finish());
      if (plain)
        out.type = "text/plain; charset=utf-8";
      return out;
    });
}

response models() {
  json_array out;
  for (auto* id : {"csm", "whisper-1", "tiny", "base", "small", "medium",
                   "large", "large-v2", "large-v3"})
    out.raw(json_object{}
              .add("id", id)
              .add("object", "model")
              .add("created", 0)
              .add("owned_by", "c3")
              .finish());
  return answer(
    200,
    json_object{}.add("object", "list").raw("data", out.finish()).finish());
}

} // namespace

std::vector<route> openai_routes(const facts_ptr& facts) {
  auto say = [facts](const request& x, records::redis& db) {
    return speech(x, db, facts);
  };
  auto write_down = [facts](const char* task) {
    return [facts, task](const request& x, records::redis& db) {
      return transcription(x, db, facts, task);
    };
  };
  auto list = [](const request&, records::redis&) {
    return models();
  };
  return {{"POST", "/v1/audio/speech", role::submit, say},
          {"POST", "/v1/audio/transcriptions", role::submit,
           write_down("transcribe"), route::body::files},
          {"POST", "/v1/audio/translations", role::submit,
           write_down("translate"), route::body::files},
          {"GET", "/v1/models", role::view, list}};
}

} // namespace render::web
