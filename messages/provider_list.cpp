#include "messages/provider_list.hpp"

#include "messages/text/json.hpp"
#include "messages/text/printable.hpp"

#include <algorithm>

namespace render {

namespace {

constexpr size_t provider_list_bytes_max = 65'536;
constexpr size_t types_max = 32;
/// Of an id or a type.
constexpr size_t name_max = 200;
constexpr double count_max = 1e6;
/// The year 5138.
constexpr double time_max = 1e11;

std::string whole(double x) {
  return json::fixed(std::min(std::max(x, 0.0), time_max), 0);
}

std::string name_text(const std::string& x) {
  return json::quote(printable(x, name_max));
}

std::string unknown_json(const provider_list::unknown_gpu& x) {
  return "{\"workload\":" + name_text(x.workload) + ",\"type\":"
         + name_text(x.type) + ",\"created\":" + whole(x.created_s)
         + ",\"since\":" + whole(x.since_s) + "}";
}

std::string lost_json(const provider_list::lost_gpu& x) {
  return "{\"id\":" + name_text(x.id) + ",\"workload\":" + name_text(x.workload)
         + ",\"type\":" + name_text(x.type) + ",\"since\":" + whole(x.since_s)
         + "}";
}

std::string text_of(const json::value& x, const char* name) {
  return printable(json::string_or_empty(x, name), name_max);
}

double time_of(const json::value& x, const char* name) {
  return std::clamp(json::number(x, name).value_or(0), 0.0, time_max);
}

uint32_t gpu_count(const json::value& x) {
  return x.IsNumber()
           ? static_cast<uint32_t>(std::clamp(x.GetDouble(), 0.0, count_max))
           : 0;
}

uint32_t gpu_count(const json::value& x, const char* name) {
  auto* found = json::find(x, name);
  return found ? gpu_count(*found) : 0;
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
  auto types = json::joined(x.types, [](auto& y) {
    return name_text(y.first) + ":" + std::to_string(y.second);
  });
  return "{\"at\":" + whole(x.at_s) + ",\"types\":{" + types
         + "},\"others\":" + std::to_string(x.others) + ",\"unknown\":["
         + json::joined(x.unknown, unknown_json)
         + "],\"more_unknown\":" + std::to_string(x.more_unknown)
         + ",\"lost\":[" + json::joined(x.lost, lost_json)
         + "],\"more_lost\":" + std::to_string(x.more_lost) + "}";
}

std::optional<provider_list> read_provider_list(std::string_view text) {
  if (text.empty() || text.size() > provider_list_bytes_max)
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
        = gpu_count(x.value);
  out.others = gpu_count(*doc, "others");
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
  out.more_unknown = gpu_count(*doc, "more_unknown");
  out.more_lost = gpu_count(*doc, "more_lost");
  return out;
}

} // namespace render
