#include "actors/renderer/gradio/app.hpp"

#include "actors/renderer/service_answer.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

namespace render::gradio {

namespace {

tl::unexpected<failure> unavailable(std::string_view who,
                                    const std::string& text) {
  return fail(failure_kind::unavailable, std::string{who} + ": " + text);
}

std::string_view without_slash(std::string_view name) {
  return name.starts_with('/') ? name.substr(1) : name;
}

/// The prefix with a leading slash and no trailing one, or empty.
std::string read_prefix(const json::value& config) {
  auto out = json::string_or_empty(config, "api_prefix");
  while (out.ends_with('/'))
    out.pop_back();
  if (!out.empty() && out.front() != '/')
    out.insert(0, "/");
  return out;
}

std::map<int64_t, slot> read_components(const json::value& config) {
  std::map<int64_t, slot> out;
  auto* components = json::find(config, "components");
  if (!components || !components->IsArray())
    return out;
  for (auto& x : components->GetArray()) {
    auto id = json::integer(x, "id");
    if (!id)
      continue;
    auto& made = out[*id];
    made.skipped = json::boolean(x, "skip_api")
                     .value_or(json::string_or_empty(x, "type") == "state");
    if (auto* props = json::find(x, "props"))
      made.range = {json::number(*props, "minimum"),
                    json::number(*props, "maximum")};
  }
  return out;
}

std::vector<slot> read_slots(const json::value& config,
                             const json::value& dependency) {
  std::vector<slot> out;
  auto* inputs = json::find(dependency, "inputs");
  if (!inputs || !inputs->IsArray())
    return out;
  auto components = read_components(config);
  for (auto& id : inputs->GetArray())
    out.push_back(id.IsInt64() ? components[id.GetInt64()] : slot{});
  return out;
}

std::string number_text(double x) {
  char buffer[32];
  auto [end, err] = std::to_chars(buffer, buffer + sizeof(buffer), x);
  return err == std::errc{} ? std::string{buffer, end} : std::string{};
}

/// A bound as JSON text: an int in place of an int, where possible.
std::string bound_text(double bound, bool whole) {
  // Largest double below which every whole number is exact.
  constexpr double exact_max = 9'007'199'254'740'992;
  return whole && std::floor(bound) == bound && std::abs(bound) <= exact_max
           ? std::to_string(static_cast<int64_t>(bound))
           : number_text(bound);
}

std::string into_range(const std::string& text, const value_range& range) {
  auto value = json::parse(text);
  if (!value || !value->IsNumber())
    return text;
  auto whole = value->IsInt64();
  if (range.minimum && value->GetDouble() < *range.minimum)
    return bound_text(*range.minimum, whole);
  if (range.maximum && value->GetDouble() > *range.maximum)
    return bound_text(*range.maximum, whole);
  return text;
}

const argument* find_argument(const std::vector<argument>& wanted,
                              const std::string& name) {
  auto found = std::find_if(wanted.begin(), wanted.end(), [&](auto& x) {
    return x.name == name;
  });
  return found == wanted.end() ? nullptr : &*found;
}

} // namespace

result<endpoint> read_config(std::string_view who,
                             const result<http_response>& got,
                             std::string_view api_name) {
  auto what = std::string{who} + " /config";
  auto doc = read_json_answer(what, got);
  if (!doc)
    return fail(failure_kind::unavailable, doc.error().message);
  auto protocol = json::string_or_empty(*doc, "protocol");
  if (protocol != "sse_v3")
    return unavailable(
      who, "unsupported protocol " + json::quote(excerpt(protocol, 40))
             + " (Gradio " + excerpt(json::string_or_empty(*doc, "version"), 40)
             + "); sse_v3 of Gradio 4.22 or newer is needed");
  auto* dependencies = json::find(*doc, "dependencies");
  if (!dependencies || !dependencies->IsArray())
    return unavailable(what, "no dependencies in the answer");
  for (rapidjson::SizeType i = 0; i < dependencies->Size(); ++i) {
    auto& x = (*dependencies)[i];
    auto name = json::string_or_empty(x, "api_name");
    if (without_slash(name) != without_slash(api_name))
      continue;
    return endpoint{read_prefix(*doc), json::integer(x, "id").value_or(i),
                    read_slots(*doc, x)};
  }
  return unavailable(who, "the app has no endpoint " + std::string{api_name});
}

result<std::optional<std::vector<parameter>>>
read_info(std::string_view who, const result<http_response>& got,
          std::string_view api_name) {
  auto what = std::string{who} + " /info";
  if (!got)
    return fail(with_context(what, got.error()));
  // An app that fails to describe itself answers 500, and can be used all the
  // same.
  if (!got->ok() && got->status != 404 && got->status != 500)
    return unavailable(what, describe_answer(*got));
  auto doc = json::parse(got->body);
  if (!got->ok() || !doc)
    return std::nullopt;
  auto* list = json::find(*doc, "named_endpoints", api_name, "parameters");
  if (!list || !list->IsArray())
    return std::nullopt;
  std::vector<parameter> out;
  for (auto& x : list->GetArray()) {
    parameter made;
    made.name = json::string_or_empty(x, "parameter_name");
    // Old apps have labels only, which are for people.
    if (made.name.empty())
      return std::nullopt;
    auto* value = json::find(x, "parameter_default");
    if (value && json::boolean(x, "parameter_has_default").value_or(false))
      made.default_json = json::to_text(*value);
    out.push_back(std::move(made));
  }
  return out;
}

result<arguments> place(std::string_view who, const endpoint& at,
                        const std::vector<parameter>& parameters,
                        const std::vector<argument>& wanted) {
  auto slots = at.slots;
  if (slots.empty())
    slots.resize(parameters.size());
  auto open = std::count_if(slots.begin(), slots.end(), [](auto& x) {
    return !x.skipped;
  });
  if (static_cast<size_t>(open) != parameters.size())
    return unavailable(who, "the app has " + std::to_string(open)
                              + " inputs and describes "
                              + std::to_string(parameters.size()));
  for (auto& x : wanted)
    if (x.required
        && std::none_of(parameters.begin(), parameters.end(), [&](auto& p) {
             return p.name == x.name;
           }))
      return unavailable(who, "the app has no parameter " + x.name);
  arguments out;
  auto next = parameters.begin();
  for (auto& place : slots) {
    out.json += out.json.empty() ? "[" : ",";
    if (place.skipped) {
      out.json += "null";
      continue;
    }
    auto& described = *next++;
    auto* value = find_argument(wanted, described.name);
    auto text = value ? value->json : described.default_json;
    if (text.empty())
      return unavailable(who, "the app wants a parameter that is not known "
                              "here: "
                                + excerpt(described.name, 300));
    auto accepted = text;
    if (value) {
      auto& range = place.range;
      accepted = into_range(
        text, {range.minimum ? range.minimum : described.range.minimum,
               range.maximum ? range.maximum : described.range.maximum});
    }
    if (accepted != text) {
      auto& note = out.adjusted.emplace_back(excerpt(described.name, 300));
      note.append(" ")
        .append(excerpt(text, 300))
        .append(" -> ")
        .append(accepted);
    }
    out.json += accepted;
  }
  out.json += out.json.empty() ? "[]" : "]";
  return out;
}

} // namespace render::gradio
