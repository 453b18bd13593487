#include "messages/provider_list.hpp"

#include "messages/text/json.hpp"
#include "messages/text/printable.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace render {

namespace {

constexpr size_t bytes_max = 65'536;
constexpr size_t types_max = 32;
/// Of an id or a type.
constexpr size_t name_max = 200;
constexpr double count_max = 1e6;
/// The year 5138.
constexpr double time_max = 1e11;

std::string number(double x) {
  char out[40];
  std::snprintf(out, sizeof(out), "%.0f",
                std::isfinite(x) ? std::clamp(x, 0.0, time_max) : 0);
  return out;
}

std::string quoted(const std::string& x) {
  return json::quote(printable(x, name_max));
}

template <class Xs, class Fn>
std::string list(const Xs& xs, Fn text) {
  std::string out;
  for (auto& x : xs)
    out += (out.empty() ? "" : ",") + text(x);
  return out;
}

std::string unknown_json(const provider_list::unknown_gpu& x) {
  return "{\"workload\":" + quoted(x.workload) + ",\"type\":" + quoted(x.type)
         + ",\"created\":" + number(x.created_s)
         + ",\"since\":" + number(x.since_s) + "}";
}

std::string lost_json(const provider_list::lost_gpu& x) {
  return "{\"id\":" + quoted(x.id) + ",\"workload\":" + quoted(x.workload)
         + ",\"type\":" + quoted(x.type) + ",\"since\":" + number(x.since_s)
         + "}";
}

std::string text_of(const json::value& x, const char* name) {
  return printable(json::string_or_empty(x, name), name_max);
}

double time_of(const json::value& x, const char* name) {
  return std::clamp(json::number(x, name).value_or(0), 0.0, time_max);
}

uint32_t count_of(const json::value& x) {
  return x.IsNumber()
           ? static_cast<uint32_t>(std::clamp(x.GetDouble(), 0.0, count_max))
           : 0;
}

uint32_t count_of(const json::value& x, const char* name) {
  auto* found = json::find(x, name);
  return found ? count_of(*found) : 0;
}

/// Calls `fn` with each object of a list.
template <class Fn>
void each(const json::value& x, const char* name, Fn fn) {
  auto* found = json::find(x, name);
  if (!found || !found->IsArray())
    return;
  size_t n = 0;
  for (auto& one : found->GetArray())
    if (one.IsObject() && n++ < provider_list::shown_most)
      fn(one);
}

} // namespace

std::string provider_list_json(const provider_list& x) {
  auto types = list(x.types, [](auto& y) {
    return quoted(y.first) + ":" + std::to_string(y.second);
  });
  return "{\"at\":" + number(x.at_s) + ",\"types\":{" + types
         + "},\"others\":" + std::to_string(x.others) + ",\"unknown\":["
         + list(x.unknown, unknown_json)
         + "],\"more_unknown\":" + std::to_string(x.more_unknown)
         + ",\"lost\":[" + list(x.lost, lost_json)
         + "],\"more_lost\":" + std::to_string(x.more_lost) + "}";
}

std::optional<provider_list> read_provider_list(std::string_view text) {
  if (text.empty() || text.size() > bytes_max)
    return std::nullopt;
  auto doc = json::parse(text);
  auto* types = doc ? json::find(*doc, "types") : nullptr;
  if (!types || !types->IsObject())
    return std::nullopt;
  provider_list out;
  out.at_s = time_of(*doc, "at");
  if (out.at_s <= 0)
    return std::nullopt;
  for (auto& x : types->GetObject())
    if (out.types.size() < types_max)
      out.types[workload_type{
        printable({x.name.GetString(), x.name.GetStringLength()}, name_max)}]
        = count_of(x.value);
  out.others = count_of(*doc, "others");
  each(*doc, "unknown", [&out](auto& x) {
    if (auto id = text_of(x, "workload"); !id.empty())
      out.unknown.push_back({workload_id{std::move(id)},
                             workload_type{text_of(x, "type")},
                             time_of(x, "created"), time_of(x, "since")});
  });
  each(*doc, "lost", [&out](auto& x) {
    if (auto id = text_of(x, "id"); !id.empty())
      out.lost.push_back(
        {ledger_id{std::move(id)}, workload_id{text_of(x, "workload")},
         workload_type{text_of(x, "type")}, time_of(x, "since")});
  });
  out.more_unknown = count_of(*doc, "more_unknown");
  out.more_lost = count_of(*doc, "more_lost");
  return out;
}

} // namespace render
