#include "app/web/submission.hpp"

#include "app/web/fields.hpp"
#include "app/web/json_object.hpp"
#include "messages/job_params.hpp"
#include "messages/text/alike.hpp"
#include "messages/text/lower.hpp"

#include <algorithm>
#include <charconv>

namespace render::web {

namespace {

constexpr double complete_in_max = 604'800;
constexpr double max_time_max = 7'200;
constexpr size_t metadata_most = 16;
constexpr size_t metadata_text_max = 500;

enum class kind_of_value : uint8_t { text, texts, number, whole, media };

struct member {
  std::string_view name;
  std::string_view of_record;
  kind_of_value kind;
};

const std::vector<member>& members_of(job_kind x) {
  using enum kind_of_value;
  static const std::vector<member> csm{
    {"text", "text", text},
    {"monologue", "monologue", texts},
    {"voice", "voice", text},
    {"reference_audio", "reference_audio_url", media},
    {"reference_text", "reference_text", text},
    {"temperature", "temperature", number},
    {"topk", "topk", whole},
    {"max_audio_length", "max_audio_length", whole},
    {"pause_duration", "pause_duration", whole}};
  static const std::vector<member> whisper{{"audio", "audio_url", media},
                                           {"model", "model", text},
                                           {"task", "task", text},
                                           {"language", "language", text}};
  static const std::vector<member> portrait{{"image", "image_url", media},
                                            {"audio", "audio_url", media}};
  static const std::vector<member> analyze{{"image", "image_url", media},
                                           {"prompt", "prompt", text}};
  switch (x) {
  case job_kind::csm:
    return csm;
  case job_kind::whisper:
    return whisper;
  case job_kind::portrait:
    return portrait;
  case job_kind::analyze:
    break;
  }
  return analyze;
}

std::string names_of(const std::vector<std::string_view>& names) {
  std::string out;
  for (auto& x : names)
    out += (out.empty() ? "" : ", ") + std::string{x};
  return out;
}

std::string_view text_of(const json::value& x) {
  return {x.GetString(), x.GetStringLength()};
}

bool is_texts(const json::value& x) {
  return x.IsArray() && std::all_of(x.Begin(), x.End(), [](auto& one) {
           return one.IsString() && one.GetStringLength() > 0;
         });
}

class reader {
public:
  reader(double now_s, const file_url& files) : now_s_(now_s), files_(files) {
    // nop
  }

  read_submission read(std::string_view body) {
    auto doc = json::parse(body);
    if (!doc || !doc->IsObject()) {
      refuse("", body.empty() ? "nothing" : std::string{body},
             "a JSON object with type and input");
      return finish();
    }
    known_only(*doc, "",
               {"type", "input", "complete_in", "complete_by", "max_time",
                "webhook", "metadata"});
    read_kind(*doc);
    read_times(*doc);
    if (kind_)
      read_input(*doc);
    read_webhook(*doc);
    read_metadata(*doc);
    if (kind_ && input_good_)
      check_values();
    return finish();
  }

private:
  void refuse(std::string field, std::string got, std::string accepted) {
    errors_.push_back({std::move(field), std::move(got), std::move(accepted)});
  }

  void refuse(std::string field, const json::value& got, std::string accepted) {
    refuse(std::move(field), json::to_text(got), std::move(accepted));
  }

  void known_only(const json::value& object, const std::string& prefix,
                  const std::vector<std::string_view>& names) {
    for (auto& x : object.GetObject()) {
      auto name = text_of(x.name);
      if (std::find(names.begin(), names.end(), name) != names.end())
        continue;
      auto meant = alike(name, names);
      refuse(prefix + std::string{name}, x.value,
             meant.empty() ? "one of " + names_of(names)
                           : "did you mean " + std::string{meant} + "?");
    }
  }

  void read_kind(const json::value& doc) {
    auto* type = json::find(doc, "type");
    if (type && type->IsString())
      kind_ = job_kind_from(text_of(*type));
    if (!kind_)
      refuse("type", type ? json::to_text(*type) : "nothing",
             std::string{kinds_rule});
    else
      out_.record.type = to_string(*kind_);
  }

  double seconds(const json::value& doc, const char* name, double least,
                 double most, double otherwise) {
    auto* x = json::find(doc, name);
    if (!x)
      return otherwise;
    if (x->IsNumber() && x->GetDouble() >= least && x->GetDouble() <= most)
      return x->GetDouble();
    refuse(name, *x,
           "seconds from " + json_number(least) + " to " + json_number(most));
    return otherwise;
  }

  void read_times(const json::value& doc) {
    auto& to = out_.record;
    to.created_at_s = now_s_;
    auto in = seconds(doc, "complete_in", 1, complete_in_max,
                      complete_in_default);
    to.complete_by_s = now_s_ + in;
    if (auto* by = json::find(doc, "complete_by")) {
      auto at = by->IsNumber() ? by->GetDouble() : 0;
      if (!(at > now_s_) || at > now_s_ + complete_in_max)
        refuse("complete_by", *by,
               "Unix seconds in the next 7 days; now is "
                 + std::to_string(static_cast<int64_t>(now_s_)));
      else if (json::find(doc, "complete_in"))
        refuse("complete_by", *by, "either complete_in or complete_by");
      to.complete_by_s = at;
    }
    to.max_time_s = seconds(doc, "max_time", 1, max_time_max, 0);
  }

  void read_input(const json::value& doc) {
    auto errors_before = errors_.size();
    auto* input = json::find(doc, "input");
    if (!input || !input->IsObject()) {
      refuse("input", input ? json::to_text(*input) : "nothing",
             "an object with the parameters of the job");
      return;
    }
    auto& members = members_of(*kind_);
    std::vector<std::string_view> names;
    for (auto& x : members)
      names.push_back(x.name);
    known_only(*input, "input.", names);
    for (auto& x : members)
      if (auto* got = json::find(*input, x.name); got && !got->IsNull())
        read_member(x, *got);
    input_good_ = errors_.size() == errors_before;
  }

  void read_member(const member& x, const json::value& got) {
    auto name = "input." + std::string{x.name};
    switch (x.kind) {
    case kind_of_value::text:
      if (!got.IsString())
        return refuse(name, got, "text");
      data_.add(x.of_record, text_of(got));
      break;
    case kind_of_value::texts:
      if (!is_texts(got))
        return refuse(name, got, "an array of texts that are not empty");
      data_.raw(x.of_record, json::to_text(got));
      break;
    case kind_of_value::whole:
      if (!got.IsInt64())
        return refuse(name, got, "a whole number");
      data_.raw(x.of_record, json::to_text(got));
      break;
    case kind_of_value::number:
      if (!got.IsNumber())
        return refuse(name, got, "a number");
      data_.raw(x.of_record, json::to_text(got));
      break;
    case kind_of_value::media:
      read_media(x, name, got);
      break;
    }
  }

  void read_media(const member& x, const std::string& name,
                  const json::value& got) {
    constexpr std::string_view scheme = "file:";
    if (!got.IsString())
      return refuse(name, got, "an http or https URL, or file:ID");
    auto text = text_of(got);
    if (!text.starts_with(scheme)) {
      data_.add(x.of_record, text);
      return;
    }
    auto url = files_(text.substr(scheme.size()));
    if (!url)
      return refuse(name, got,
                    "file: and the id that an upload to /v1/files has got");
    data_.add(x.of_record, *url);
  }

  void read_webhook(const json::value& doc) {
    auto* webhook = json::find(doc, "webhook");
    if (!webhook || webhook->IsNull())
      return;
    if (!webhook->IsObject())
      return refuse("webhook", *webhook, "an object with url");
    known_only(*webhook, "webhook.", {"url"});
    auto* url = json::find(*webhook, "url");
    if (!url || !url->IsString())
      return refuse("webhook.url", url ? json::to_text(*url) : "nothing",
                    "an http or https URL");
    data_.add("notify_url", text_of(*url));
    if (notify_url_flaw(data_.finish()))
      refuse("webhook.url", *url, "an http or https URL");
  }

  void read_metadata(const json::value& doc) {
    auto* metadata = json::find(doc, "metadata");
    if (!metadata || metadata->IsNull())
      return;
    auto good = metadata->IsObject() && metadata->MemberCount() <= metadata_most
                && std::all_of(
                  metadata->MemberBegin(), metadata->MemberEnd(), [](auto& x) {
                    return x.value.IsString()
                           && x.value.GetStringLength() <= metadata_text_max
                           && x.name.GetStringLength() <= 64;
                  });
    if (!good)
      return refuse("metadata", *metadata,
                    "an object of at most 16 texts of at most 500 bytes");
    if (metadata->MemberCount() > 0)
      out_.more.emplace_back("metadata", json::to_text(*metadata));
  }

  // By the same rules as the worker's: what passes here runs.
  void check_values() {
    out_.record.data = data_.finish();
    auto ok = parse_params(*kind_, out_.record.data);
    if (ok)
      return;
    auto& text = ok.error().message;
    auto name = text.substr(0, text.find_first_of(": "));
    for (auto& x : members_of(*kind_))
      if (x.of_record == name) {
        auto at = text.find("accepted is ");
        auto* got = name.empty() ? nullptr : &text;
        auto rule = at == std::string::npos ? text : text.substr(at + 12);
        auto found = text.find("got ");
        auto value = got && found != std::string::npos
                         && at != std::string::npos
                       ? text.substr(found + 4, at - found - 6)
                       : std::string{"nothing"};
        return refuse("input." + std::string{x.name}, value, rule);
      }
    refuse("input", "", text);
  }

  read_submission finish() {
    if (!errors_.empty())
      return {std::nullopt, std::move(errors_)};
    return {std::move(out_), {}};
  }

  double now_s_;
  const file_url& files_;
  std::optional<job_kind> kind_;
  json_object data_;
  bool input_good_ = false;
  submission out_;
  std::vector<field_error> errors_;
};

} // namespace

read_submission read_job_request(std::string_view body, double now_s,
                                 const file_url& files) {
  return reader{now_s, files}.read(body);
}

double preferred_wait(std::string_view prefer) {
  constexpr std::string_view name = "wait=";
  auto text = lower(prefer);
  auto at = text.find(name);
  if (at == std::string::npos || (at > 0 && std::isalpha(text[at - 1])))
    return 0;
  uint32_t out = 0;
  std::from_chars(text.data() + at + name.size(), text.data() + text.size(),
                  out);
  return std::min(out, 60U);
}

} // namespace render::web
