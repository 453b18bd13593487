#include "app/web/legacy_checks.hpp"

#include "app/web/fields.hpp"
#include "app/web/python_values.hpp"
#include "messages/text/lower.hpp"

#include <algorithm>
#include <cmath>

namespace render::web {

namespace legacy {

response reply(unsigned status, const json_object& x) {
  return answer(status, x.finish() + "\n");
}

response error(unsigned status, std::string_view text) {
  return reply(status, json_object{}.add("error", text));
}

response internal(std::string_view text) {
  return error(500, "Internal server error: " + std::string{text});
}

std::string_view text_of(const json::value& x) {
  return {x.GetString(), x.GetStringLength()};
}

bool is_one_of(const json::value& x, const std::vector<std::string_view>& all) {
  return x.IsString()
         && std::find(all.begin(), all.end(), text_of(x)) != all.end();
}

std::string joined(const std::vector<std::string_view>& all) {
  std::string out;
  for (auto& x : all)
    out += (out.empty() ? "" : ", ") + std::string{x};
  return out;
}

std::optional<response> unreadable(std::string_view type, bool parsed) {
  auto plain = lower(type.substr(0, type.find(';')));
  auto json_type = plain == "application/json"
                   || (plain.starts_with("application/")
                       && plain.ends_with("+json"));
  if (!json_type)
    return internal("415 Unsupported Media Type: Did not attempt to load JSON "
                    "data because the request Content-Type was not "
                    "'application/json'.");
  if (!parsed)
    return internal("400 Bad Request: The browser (or proxy) sent a request "
                    "that this server could not understand.");
  return std::nullopt;
}

} // namespace legacy

namespace {

using namespace legacy;
using namespace python;

constexpr double max_time_default = 1200;

bool in_range(std::optional<double> x, double least, double most) {
  // NaN is neither below nor above.
  return x && !(*x < least) && !(*x > most);
}

// -- the checks, in the order of the older API --------------------------------

struct flaw {
  // NOLINTNEXTLINE(google-explicit-constructor): most flaws are only a text.
  flaw(std::string x) : text(std::move(x)) {
    // nop
  }
  // NOLINTNEXTLINE(google-explicit-constructor)
  flaw(const char* x) : text(x) {
    // nop
  }
  flaw(std::string x, bool is_thrown) : text(std::move(x)), thrown(is_thrown) {
    // nop
  }

  std::string text;
  /// An exception of the older API, which is a 500.
  bool thrown = false;
};

using complaint = std::optional<flaw>;

complaint check_times(const json::value& data) {
  if (auto* x = json::find(data, "complete_in");
      x && !in_range(as_int(*x), 60, 86'400))
    return "complete_in must be an integer between 60 and 86400 seconds";
  if (auto* x = json::find(data, "max_time");
      x && !in_range(as_int(*x), 60, 7'200))
    return "max_time must be an integer between 60 and 7200 seconds";
  return std::nullopt;
}

complaint check_notify(const json::value& data) {
  auto* x = json::find(data, "notify_url");
  if (x && !is_url(*x))
    return "notify_url must be a valid URL";
  return std::nullopt;
}

complaint check_said(const json::value& data) {
  auto* text = json::find(data, "text");
  auto* monologue = json::find(data, "monologue");
  if (!text && !monologue)
    return "Missing required field: either text or monologue must be provided";
  if (text && !text->IsString())
    return "text must be a string";
  if (text && is_blank(text_of(*text)))
    return "text cannot be empty";
  if (monologue) {
    if (!monologue->IsArray())
      return "monologue must be an array of strings";
    if (monologue->Empty())
      return "monologue array cannot be empty";
    for (auto& x : monologue->GetArray()) {
      if (!x.IsString())
        return "all items in monologue array must be strings";
      if (is_blank(text_of(x)))
        return "monologue array cannot contain empty strings";
    }
  }
  if (text && monologue)
    return "Cannot provide both text and monologue parameters. Use only one.";
  return std::nullopt;
}

complaint check_voice(json::document& data) {
  static const std::vector<std::string_view> voices{
    "random", "conversational_a", "conversational_b", "clone"};
  auto at = data.FindMember("voice");
  if (at == data.MemberEnd()) {
    data.AddMember("voice", "random", data.GetAllocator());
    return std::nullopt;
  }
  if (is_one_of(at->value, {"random_voice"}))
    at->value = json::make_string("random", data);
  if (!is_one_of(at->value, voices))
    return "Invalid voice option. Must be one of: " + joined(voices);
  if (text_of(at->value) != "clone")
    return std::nullopt;
  auto* sound = json::find(data, "reference_audio_url");
  if (!sound)
    return "reference_audio_url is required for voice cloning";
  if (!is_url(*sound))
    return "reference_audio_url must be a valid URL";
  auto* said = json::find(data, "reference_text");
  if (!said)
    return "reference_text is required for voice cloning";
  if (!said->IsString())
    return flaw{"'" + std::string{type_name(*said)}
                  + "' object has no attribute 'strip'",
                true};
  if (is_blank(text_of(*said)))
    return "reference_text cannot be empty";
  return std::nullopt;
}

complaint check_csm(json::document& data) {
  if (auto bad = check_said(data))
    return bad;
  if (auto bad = check_voice(data))
    return bad;
  if (auto* x = json::find(data, "temperature");
      x && !in_range(as_float(*x), 0, 2))
    return "temperature must be a float between 0 and 2";
  struct whole {
    const char* name;
    double least;
    double most;
  };
  for (auto& one : {whole{"topk", 1, 100},
                    {"max_audio_length", 1000, 30'000},
                    {"pause_duration", 0, 500}})
    if (auto* x = json::find(data, one.name);
        x && !in_range(as_int(*x), one.least, one.most))
      return std::string{one.name} + " must be an integer between "
             + json_number(one.least) + " and " + json_number(one.most);
  return check_notify(data);
}

complaint need_url(const json::value& data, const std::string& name) {
  auto* x = json::find(data, name);
  if (!x)
    return "Missing required field: " + name;
  if (!is_url(*x))
    return name + " must be a valid URL";
  return std::nullopt;
}

complaint check_whisper(json::document& data) {
  static const std::vector<std::string_view> models{
    "tiny", "base", "small", "medium", "large", "large-v2", "large-v3"};
  static const std::vector<std::string_view> tasks{"transcribe", "translate"};
  if (auto bad = need_url(data, "audio_url"))
    return bad;
  if (auto* x = json::find(data, "model"); x && !is_one_of(*x, models))
    return "Invalid model. Must be one of: " + joined(models);
  if (auto* x = json::find(data, "task"); x && !is_one_of(*x, tasks))
    return "Invalid task. Must be one of: " + joined(tasks);
  if (auto* x = json::find(data, "language"); x && !x->IsString())
    return "language must be a string";
  if (auto bad = check_notify(data))
    return bad;
  auto put = [&data](const char* name, const char* text) {
    if (!json::find(data, name))
      data.AddMember(rapidjson::StringRef(name), rapidjson::StringRef(text),
                     data.GetAllocator());
  };
  put("model", "medium");
  put("task", "transcribe");
  put("language", "");
  return std::nullopt;
}

complaint check_analyze(json::document& data) {
  if (auto bad = need_url(data, "image_url"))
    return bad;
  return check_notify(data);
}

/// It alone tells all errors at once, by field.
std::optional<response> check_portrait(const json::value& data) {
  json_object out;
  auto any = false;
  auto note = [&](const char* name, const std::string& text) {
    out.add(name, text);
    any = true;
  };
  for (auto* name : {"audio_url", "image_url"}) {
    auto* x = json::find(data, name);
    if (!x || !is_true(*x))
      note(name, std::string{"Missing required field: "} + name);
    else if (!is_url(*x))
      note(name, std::string{"Invalid URL format for "} + name);
  }
  if (auto bad = check_times(data))
    note("timing", bad->text);
  if (!any)
    return std::nullopt;
  return reply(400, json_object{}.raw("errors", out.finish()));
}

double taken(json::document& data, const char* name, double otherwise) {
  auto at = data.FindMember(name);
  if (at == data.MemberEnd())
    return otherwise;
  auto out = as_int(at->value).value_or(otherwise);
  data.RemoveMember(at);
  return out;
}

std::optional<response> check(job_kind kind, json::document& data) {
  if (kind == job_kind::portrait)
    return check_portrait(data);
  auto bad = check_times(data);
  if (!bad)
    bad = kind == job_kind::csm       ? check_csm(data)
          : kind == job_kind::whisper ? check_whisper(data)
                                      : check_analyze(data);
  if (!bad)
    return std::nullopt;
  return bad->thrown ? internal(bad->text) : error(400, bad->text);
}

/// Members that the older API asks for first, in this order.
std::vector<std::string_view> asked_first(job_kind kind) {
  std::vector<std::string_view> out{"complete_in", "max_time"};
  if (kind == job_kind::csm)
    out.insert(out.end(), {"text", "monologue"});
  if (kind == job_kind::portrait || kind == job_kind::analyze)
    out.emplace_back("image_url");
  if (kind == job_kind::portrait || kind == job_kind::whisper)
    out.emplace_back("audio_url");
  return out;
}

/// What its code makes of a body that is no object.
std::optional<response> check_shape(job_kind kind, const json::value& data) {
  if (kind == job_kind::portrait && !is_true(data))
    return error(400, "Missing request body");
  if (data.IsObject())
    return std::nullopt;
  for (auto name : asked_first(kind))
    if (auto thrown = exception_of_member(data, name))
      return internal(*thrown);
  // It has no member.
  json::document none;
  none.SetObject();
  return check(kind, none);
}

} // namespace

legacy_job read_legacy_job(job_kind kind, std::string_view body,
                           std::string_view type, double now_s) {
  auto data = json::parse_as_python(body);
  if (auto bad = unreadable(type, data.has_value()))
    return {std::nullopt, std::move(*bad)};
  drop_earlier_members(*data);
  if (auto bad = check_shape(kind, *data))
    return {std::nullopt, std::move(*bad)};
  if (auto bad = check(kind, *data))
    return {std::nullopt, std::move(*bad)};
  job out;
  out.type = to_string(kind);
  out.created_at_s = now_s;
  out.complete_by_s = now_s + taken(*data, "complete_in", complete_in_default);
  out.max_time_s = taken(*data, "max_time", max_time_default);
  out.data = json::to_text(*data);
  return {std::move(out), {}};
}

} // namespace render::web
