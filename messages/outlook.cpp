#include "messages/outlook.hpp"

#include "messages/text/json.hpp"

#include <algorithm>

namespace render {

namespace {

constexpr size_t outlook_bytes_max = 65'536;
constexpr size_t slots_max = 10'000;

std::string number(double x) {
  return json::fixed(x, 2);
}

std::string times_json(const measured& x) {
  return "[" + std::to_string(x.count) + "," + number(x.median_s) + ","
         + number(x.ninth_s) + "]";
}

std::vector<double> numbers_of(const json::value& x, const char* name) {
  std::vector<double> out;
  auto* found = json::find(x, name);
  if (!found || !found->IsArray())
    return out;
  for (auto& y : found->GetArray())
    if (y.IsNumber() && out.size() < slots_max)
      out.push_back(std::clamp(y.GetDouble(), -1e7, 1e7));
  return out;
}

measured times_of(const json::value& x, const char* name) {
  auto all = numbers_of(x, name);
  if (all.size() != 3 || all[0] < 1 || all[1] < 0 || all[2] < all[1])
    return {};
  return {static_cast<uint32_t>(all[0]), all[1], all[2]};
}

uint32_t count_of(const json::value& x, const char* name) {
  auto got = json::number(x, name).value_or(0);
  return static_cast<uint32_t>(std::clamp(got, 0.0, 10'000.0));
}

launch_reason_kind reason_from(std::string_view text) {
  for (int i = 0; i <= static_cast<int>(last_launch_reason); ++i)
    if (auto kind = static_cast<launch_reason_kind>(i); to_string(kind) == text)
      return kind;
  return launch_reason_kind::no_job_waits;
}

std::string type_json(const outlook::type& x) {
  auto& f = x.facts;
  auto out = "{\"type\":" + json::quote(f.type)
             + ",\"slots\":" + std::to_string(f.slots_per_gpu)
             + ",\"gpus\":" + std::to_string(f.gpus)
             + ",\"free\":" + std::to_string(f.free_slots) + ",\"boots\":["
             + json::joined(f.boots_left_s, number) + "],\"runs\":["
             + json::joined(f.runs_left_s, number)
             + "],\"boot\":" + times_json(f.boot);
  for (auto kind : x.kinds)
    out += ",\"" + std::string{to_string(kind)}
           + "\":" + times_json(f.runs[static_cast<size_t>(kind)]);
  auto& why = x.why;
  return out + ",\"reason\":" + json::quote(to_string(why.kind)) + ",\"until\":"
         + number(why.until_s) + ",\"since\":" + number(why.since_s)
         + ",\"count\":" + std::to_string(why.count)
         + ",\"attempt\":" + std::to_string(why.attempt) + ",\"words\":"
         + json::quote(std::string_view{why.words}.substr(0, 200)) + "}";
}

outlook::type read_type(const json::value& x) {
  outlook::type out;
  auto& f = out.facts;
  f.type = workload_type{json::string_or_empty(x, "type")};
  f.slots_per_gpu = std::max(1u, count_of(x, "slots"));
  f.gpus = count_of(x, "gpus");
  f.free_slots = count_of(x, "free");
  f.boots_left_s = numbers_of(x, "boots");
  f.runs_left_s = numbers_of(x, "runs");
  f.boot = times_of(x, "boot");
  for (auto kind : all_job_kinds)
    if (auto name = std::string{to_string(kind)}; json::find(x, name)) {
      out.kinds.push_back(kind);
      f.runs[static_cast<size_t>(kind)] = times_of(x, name.c_str());
    }
  out.why.kind = reason_from(json::string_or_empty(x, "reason"));
  out.why.until_s = json::number(x, "until").value_or(0);
  out.why.since_s = json::number(x, "since").value_or(0);
  out.why.count = count_of(x, "count");
  out.why.attempt = count_of(x, "attempt");
  out.why.words = json::string_or_empty(x, "words");
  return out;
}

} // namespace

std::string outlook_json(const outlook& x) {
  return "{\"room\":" + std::to_string(x.room)
         + ",\"plans\":" + (x.plans_with_peers ? "true" : "false")
         + ",\"away\":" + (x.away ? "true" : "false") + ",\"types\":["
         + json::joined(x.types, type_json) + "]}";
}

std::optional<outlook> read_outlook(std::string_view text) {
  if (text.empty() || text.size() > outlook_bytes_max)
    return std::nullopt;
  auto doc = json::parse(text);
  auto* types = doc ? json::find(*doc, "types") : nullptr;
  if (!types || !types->IsArray())
    return std::nullopt;
  outlook out;
  out.room = count_of(*doc, "room");
  out.plans_with_peers = json::boolean(*doc, "plans").value_or(false);
  out.away = json::boolean(*doc, "away").value_or(false);
  for (auto& x : types->GetArray())
    if (x.IsObject() && out.types.size() < 32)
      out.types.push_back(read_type(x));
  return out;
}

} // namespace render
