#include "app/node/span_settings.hpp"

#include "app/node/refused.hpp"
#include "messages/text/loose_number.hpp"
#include "messages/text/percent.hpp"
#include "messages/text/utf8.hpp"

#include <algorithm>
#include <optional>

namespace render {

namespace {

constexpr std::string_view own_name = "c3-render-worker";

using pairs = std::vector<std::pair<std::string, std::string>>;

std::string_view trimmed(std::string_view x) {
  auto begin = x.find_first_not_of(" \t");
  if (begin == std::string_view::npos)
    return {};
  return x.substr(begin, x.find_last_not_of(" \t") - begin + 1);
}

/// `key=value,key=value`, percent-encoded.
std::optional<pairs> read_pairs(std::string_view text) {
  pairs out;
  while (!text.empty()) {
    auto end = std::min(text.find(','), text.size());
    auto part = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
    if (part.empty())
      continue;
    auto border = part.find('=');
    if (border == std::string_view::npos)
      return std::nullopt;
    auto key = percent_decoded(trimmed(part.substr(0, border)));
    auto value = percent_decoded(trimmed(part.substr(border + 1)));
    if (!key || key->empty() || !value)
      return std::nullopt;
    out.emplace_back(std::move(*key), std::move(*value));
  }
  return out;
}

bool is_header_name(std::string_view x) {
  return std::all_of(x.begin(), x.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

bool is_header_value(std::string_view x) {
  return std::none_of(x.begin(), x.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
  });
}

result<void> read_headers(worker_config& cfg, std::string_view text) {
  const auto wrong
    = fail(failure_kind::invalid_input,
           "must be name=value,name=value, percent-encoded where they hold "
           "commas or blanks");
  auto found = read_pairs(text);
  if (!found)
    return wrong;
  for (auto& [name, value] : *found) {
    if (!is_header_name(name) || !is_header_value(value))
      return wrong;
    cfg.spans.headers.push_back({name, value});
  }
  return {};
}

result<void> read_resource(worker_config& cfg, std::string_view text) {
  auto found = read_pairs(text);
  if (!found)
    return refused(text, "key=value,key=value, percent-encoded");
  for (auto& [key, value] : *found) {
    auto shown = valid_utf8(value);
    // OTEL_SERVICE_NAME, which comes first, wins.
    if (key != "service.name")
      cfg.spans.resource.emplace_back(valid_utf8(key), std::move(shown));
    else if (cfg.spans.service_name.empty())
      cfg.spans.service_name = std::move(shown);
  }
  return {};
}

result<void> read_endpoint(worker_config& cfg, std::string_view text) {
  if (!is_web_url(text) || text.find_first_of("?#") != std::string_view::npos)
    return refused(text, "an http or https URL");
  // The one for traces alone, which comes first, wins.
  if (!cfg.spans.url.empty())
    return {};
  while (text.ends_with('/'))
    text.remove_suffix(1);
  cfg.spans.url = std::string{text} + "/v1/traces";
  return {};
}

result<void> read_traces_endpoint(worker_config& cfg, std::string_view text) {
  if (!is_web_url(text))
    return refused(text, "an http or https URL");
  cfg.spans.url = text;
  return {};
}

result<void> read_sampler(worker_config& cfg, std::string_view text) {
  auto rule = sampler_from(text);
  if (!rule)
    return refused(text,
                   "always_on, always_off, traceidratio, or one of these after "
                   "parentbased_");
  cfg.spans.how.rule = *rule;
  return {};
}

result<void> read_ratio(worker_config& cfg, std::string_view text) {
  auto ratio = loose_number(text);
  if (!ratio || !(*ratio >= 0 && *ratio <= 1))
    return refused(text, "a number from 0 to 1");
  cfg.spans.how.ratio = *ratio;
  return {};
}

result<void> read_disabled(worker_config& cfg, std::string_view text) {
  cfg.spans.disabled = text == "true" || text == "True" || text == "TRUE";
  if (!cfg.spans.disabled && text != "false" && text != "False"
      && text != "FALSE")
    return refused(text, "true or false");
  return {};
}

} // namespace

std::vector<setting> with_span_settings(std::vector<setting> before) {
  auto add = [&before](std::string_view name, std::string_view value,
                       std::string_view meaning, auto apply) {
    before.push_back({name, value, meaning, false, false, apply});
  };
  add(
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "",
    "URL to which spans are posted by OTLP (HTTP, JSON), as it stands; unset: "
    "/v1/traces below OTEL_EXPORTER_OTLP_ENDPOINT.",
    read_traces_endpoint);
  add("OTEL_EXPORTER_OTLP_ENDPOINT", "",
      "URL of a collector of OpenTelemetry; both unset: no traces.",
      read_endpoint);
  before.push_back({"OTEL_EXPORTER_OTLP_HEADERS", "",
                    "Headers for the collector: name=value,name=value, "
                    "percent-encoded.",
                    true, false, read_headers});
  add("OTEL_SERVICE_NAME", own_name, "The name of the service in traces.",
      [](worker_config& cfg, std::string_view text) -> result<void> {
        // The default gives way to OTEL_RESOURCE_ATTRIBUTES.
        if (text != own_name)
          cfg.spans.service_name = valid_utf8(text);
        return {};
      });
  add("OTEL_RESOURCE_ATTRIBUTES", "",
      "Further facts about the service in traces: key=value,key=value, "
      "percent-encoded.",
      read_resource);
  add("OTEL_TRACES_SAMPLER", "parentbased_always_on",
      "Which traces are exported: always_on, always_off, traceidratio, or one "
      "of these after parentbased_, which goes by the producer's traceparent "
      "where there is one.",
      read_sampler);
  add("OTEL_TRACES_SAMPLER_ARG", "1",
      "Of traceidratio: which part of the traces, from 0 to 1.", read_ratio);
  add("OTEL_SDK_DISABLED", "false", "true: no traces, whatever else is set.",
      read_disabled);
  return before;
}

void complete_span_settings(worker_config& cfg) {
  for (auto& x : cfg.spans.headers)
    if (!x.value.empty())
      cfg.secrets.push_back(x.value);
  if (cfg.spans.disabled)
    cfg.spans.url.clear();
  if (cfg.spans.service_name.empty())
    cfg.spans.service_name = own_name;
}

} // namespace render
