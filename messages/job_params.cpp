#include "messages/job_params.hpp"

#include "messages/http.hpp"
#include "messages/text/json.hpp"
#include "messages/text/loose_number.hpp"
#include "messages/text/web_url.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace render {

namespace {

using json::value;

constexpr std::string_view url_rule = "an http or https URL";

template <size_t N>
std::string join(const std::array<std::string_view, N>& xs) {
  std::string out;
  for (auto x : xs) {
    if (!out.empty())
      out += ", ";
    out += x;
  }
  return out;
}

// The value as found in Redis, short enough for an error text.
std::string shown(const value& x) {
  return excerpt(json::to_text(x), 80);
}

// A URL may hold a password, or a key in its query.
std::string shown_url(const value& x) {
  if (!x.IsString())
    return shown(x);
  auto text = redacted_url({x.GetString(), x.GetStringLength()});
  if (auto at = text.rfind('@'); at != std::string::npos)
    text.replace(0, at, "...");
  return json::quote(excerpt(text, 80));
}

failure bad(std::string_view field, const value* got,
            std::string_view accepted) {
  std::string text{field};
  auto show = accepted == url_rule ? shown_url : shown;
  text += got ? ": got " + show(*got) : std::string{" is missing"};
  text += got ? ", accepted is " : "; accepted is ";
  text += accepted;
  return {failure_kind::invalid_input, std::move(text)};
}

// Producers send form values as text, and true for 1.
std::optional<double> number_in(const value& x) {
  if (x.IsNumber())
    return x.GetDouble();
  if (x.IsBool())
    return x.GetBool() ? 1 : 0;
  if (x.IsString())
    return loose_number({x.GetString(), x.GetStringLength()});
  return std::nullopt;
}

/// Reads fields of one object; remembers the first failure, so that a parser
/// is a plain list of fields.
class reader {
public:
  explicit reader(const value& object) : object_(object) {
    // nop
  }

  const value* find(std::string_view field) const {
    auto* x = json::find(object_, field);
    return x && x->IsNull() ? nullptr : x;
  }

  void number(std::string_view field, double& out, double min, double max) {
    auto* x = find(field);
    if (!x)
      return;
    auto got = number_in(*x);
    if (!got || !(*got >= min && *got <= max))
      return reject(field, x,
                    "a number from " + trimmed(min) + " to " + trimmed(max));
    out = *got;
  }

  void integer(std::string_view field, int64_t& out, int64_t min, int64_t max) {
    auto* x = find(field);
    if (!x)
      return;
    auto got = number_in(*x);
    auto whole = got ? std::trunc(*got) : NAN;
    if (!(whole >= static_cast<double>(min)
          && whole <= static_cast<double>(max)))
      return reject(field, x,
                    "a whole number from " + std::to_string(min) + " to "
                      + std::to_string(max));
    out = static_cast<int64_t>(whole);
  }

  void text(std::string_view field, std::string& out, bool required,
            std::string_view accepted) {
    auto* x = find(field);
    if (!x && !required)
      return;
    if (!x || !x->IsString() || (required && x->GetStringLength() == 0))
      return reject(field, x, accepted);
    out.assign(x->GetString(), x->GetStringLength());
  }

  template <size_t N>
  void choice(std::string_view field, std::string& out,
              const std::array<std::string_view, N>& choices) {
    auto* x = find(field);
    if (!x)
      return;
    if (!x->IsString()
        || std::find(choices.begin(), choices.end(),
                     std::string_view{x->GetString(), x->GetStringLength()})
             == choices.end())
      return reject(field, x, "one of " + join(choices));
    out = x->GetString();
  }

  void url(std::string_view field, std::string& out) {
    text(field, out, true, url_rule);
    out = normalized_url(out);
    if (!failed() && !is_web_url(out))
      reject(field, find(field), url_rule);
  }

  void reject(std::string_view field, const value* got,
              std::string_view accepted) {
    if (!failed())
      error_ = bad(field, got, accepted);
  }

  bool failed() const {
    return !error_.message.empty();
  }

  template <class T>
  result<job_params> finish(T params) const {
    if (failed())
      return fail(error_);
    return job_params{std::move(params)};
  }

private:
  static std::string trimmed(double x) {
    auto text = std::to_string(x);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.')
      text.pop_back();
    return text;
  }

  const value& object_;
  failure error_{failure_kind::invalid_input, {}};
};

void read_monologue(reader& in, std::vector<std::string>& out) {
  static constexpr std::string_view accepted
    = "a non-empty string, or an array of non-empty strings";
  auto* monologue = in.find("monologue");
  auto* text = in.find("text");
  if (monologue && text)
    return in.reject("text", text, "either monologue or text, not both");
  auto field = text ? "text" : "monologue";
  auto* source = text ? text : monologue;
  auto add = [&out](const value& x) {
    out.emplace_back(x.GetString(), x.GetStringLength());
    return out.back().find_first_not_of(" \t\r\n") != std::string::npos;
  };
  if (!source)
    return in.reject(field, nullptr, accepted);
  if (source->IsString()) {
    if (!add(*source))
      in.reject(field, source, accepted);
    return;
  }
  if (text || !source->IsArray() || source->Empty())
    return in.reject(field, source,
                     text ? std::string_view{"a non-empty string"} : accepted);
  for (auto& x : source->GetArray())
    if (!x.IsString() || !add(x))
      return in.reject(field, &x, accepted);
}

result<job_params> parse_csm(const value& data) {
  static constexpr std::array<std::string_view, 4> voices{
    "random", "conversational_a", "conversational_b", "clone"};
  reader in{data};
  csm_params out;
  read_monologue(in, out.monologue);
  in.choice("voice", out.voice, voices);
  if (out.voice == "clone") {
    in.url("reference_audio_url", out.reference_audio_url);
    in.text("reference_text", out.reference_text, true,
            "what is said in the reference audio");
  }
  in.number("temperature", out.temperature, 0, 2);
  in.integer("topk", out.topk, 1, 100);
  in.integer("max_audio_length", out.max_audio_length_ms, 1000, 30'000);
  in.integer("pause_duration", out.pause_duration_ms, 0, 500);
  return in.finish(std::move(out));
}

result<job_params> parse_whisper(const value& data) {
  static constexpr std::array<std::string_view, 7> models{
    "tiny", "base", "small", "medium", "large", "large-v2", "large-v3"};
  static constexpr std::array<std::string_view, 2> tasks{"transcribe",
                                                         "translate"};
  reader in{data};
  whisper_params out;
  in.url("audio_url", out.audio_url);
  in.choice("model", out.model, models);
  in.choice("task", out.task, tasks);
  in.text("language", out.language, false, "a language code, or empty");
  auto code_like
    = out.language.size() <= 12
      && std::all_of(out.language.begin(), out.language.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-'
                  || c == '_';
         });
  if (!code_like)
    in.reject("language", in.find("language"),
              "a language code such as en, or empty");
  return in.finish(std::move(out));
}

result<job_params> parse_portrait(const value& data) {
  reader in{data};
  portrait_params out;
  in.url("image_url", out.image_url);
  in.url("audio_url", out.audio_url);
  return in.finish(std::move(out));
}

result<job_params> parse_analyze(const value& data) {
  reader in{data};
  analyze_params out;
  in.url("image_url", out.image_url);
  in.text("prompt", out.prompt, false, "a string");
  if (out.prompt.find_first_not_of(" \t\r\n") == std::string::npos)
    out.prompt = default_analyze_prompt;
  return in.finish(std::move(out));
}

} // namespace

result<job_params> parse_params(job_kind kind, std::string_view data) {
  if (data.size() > data_bytes_max)
    return fail(failure_kind::invalid_input,
                "data: got " + std::to_string(data.size())
                  + " bytes, accepted is at most "
                  + std::to_string(data_bytes_max));
  if (data.empty())
    return fail(failure_kind::invalid_input,
                "data is missing; accepted is a JSON object");
  auto doc = json::parse_as_python(data);
  if (!doc)
    return fail(with_context("data", doc.error()));
  if (!doc->IsObject())
    return fail(bad("data", &*doc, "a JSON object"));
  switch (kind) {
  case job_kind::csm:
    return parse_csm(*doc);
  case job_kind::whisper:
    return parse_whisper(*doc);
  case job_kind::portrait:
    return parse_portrait(*doc);
  case job_kind::analyze:
    return parse_analyze(*doc);
  }
  return fail(failure_kind::internal, "unhandled job kind");
}

result<job_params> validate(const job& x) {
  auto kind = job_kind_from(x.type);
  if (!kind)
    return fail(failure_kind::invalid_input,
                "Unknown job type: " + json::quote(excerpt(x.type, 80))
                  + ", accepted is one of csm, whisper, portrait, analyze");
  if (x.max_time_s < 0)
    return fail(failure_kind::invalid_input,
                "max_time: got " + std::to_string(x.max_time_s)
                  + ", accepted is a number of seconds above 0");
  return parse_params(*kind, x.data);
}

bool has_inputs(const job& x) {
  if (job_kind_from(x.type) != job_kind::csm)
    return true;
  auto params = validate(x);
  return !params || !std::get<csm_params>(*params).reference_audio_url.empty();
}

namespace {

// Many jobs want no webhook, and what does not name it need not be parsed. A
// name can also be written with escapes.
bool may_name_notify_url(std::string_view data) {
  return data.find("notify_url") != std::string_view::npos
         || data.find('\\') != std::string_view::npos;
}

// The text of "notify_url" in broken JSON; empty when there is none.
std::string notify_url_in_ruins(std::string_view data) {
  static constexpr std::string_view name = "\"notify_url\"";
  static constexpr std::string_view blanks = " \t\r\n";
  auto at = data.find(name);
  if (at == std::string_view::npos)
    return {};
  auto colon = data.find_first_not_of(blanks, at + name.size());
  if (colon == std::string_view::npos || data[colon] != ':')
    return {};
  auto begin = data.find_first_not_of(blanks, colon + 1);
  if (begin == std::string_view::npos || data[begin] != '"')
    return {};
  auto end = begin + 1;
  while (end < data.size() && data[end] != '"')
    end += data[end] == '\\' ? 2 : 1;
  if (end >= data.size())
    return {};
  auto text = json::parse(data.substr(begin, end + 1 - begin));
  return text && text->IsString() ? text->GetString() : std::string{};
}

std::string url_or_empty(const std::string& text) {
  auto url = normalized_url(text);
  return is_web_url(url) ? url : std::string{};
}

std::string notify_url_in(const value& data) {
  return url_or_empty(json::string_or_empty(data, "notify_url"));
}

} // namespace

std::string notify_url_of(std::string_view data) {
  if (data.size() > data_bytes_max * 16 || !may_name_notify_url(data))
    return {};
  auto doc = json::parse_as_python(data);
  return doc ? notify_url_in(*doc) : url_or_empty(notify_url_in_ruins(data));
}

std::optional<failure> notify_url_flaw(std::string_view data) {
  if (data.size() > data_bytes_max || !may_name_notify_url(data))
    return std::nullopt;
  auto doc = json::parse_as_python(data);
  auto* url = doc ? json::find(*doc, "notify_url") : nullptr;
  auto unset = !url || url->IsNull()
               || (url->IsString() && url->GetStringLength() == 0);
  if (unset || !notify_url_in(*doc).empty())
    return std::nullopt;
  return bad("notify_url", url, url_rule);
}

} // namespace render
