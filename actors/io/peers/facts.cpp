#include "actors/io/peers/facts.hpp"

#include "actors/io/peers/wire.hpp"
#include "messages/text/json.hpp"
#include "messages/text/printable.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace render::peers {

namespace {

constexpr size_t most_types = 32;
constexpr size_t most_times = 200;
constexpr size_t longest_type = 100;
constexpr size_t longest_unfit = 32;
constexpr uint32_t most_slots = 1'000'000;
constexpr double longest_s = 1e6;

double sane(double x) {
  return std::isfinite(x) ? std::clamp(x, -longest_s, longest_s) : 0;
}

// -- writing ------------------------------------------------------------------

/// To a tenth: more would only make the words longer.
std::string text_of(double x) {
  char out[32];
  auto tenths = std::llround(sane(x) * 10);
  auto end = std::to_chars(out, out + sizeof(out),
                           static_cast<double>(tenths) / 10)
               .ptr;
  return {out, end};
}

std::string key(std::string_view name) {
  return json::quote(name) + ":";
}

std::string list_of(const std::vector<double>& xs, size_t most) {
  std::string out;
  for (size_t i = 0; i < std::min(xs.size(), most); ++i)
    out += (i == 0 ? "" : ",") + text_of(xs[i]);
  return "[" + out + "]";
}

std::string text_of(const measured& x) {
  return "[" + std::to_string(x.count) + "," + text_of(x.median_s) + ","
         + text_of(x.ninth_s) + "]";
}

std::string text_of(const type_facts& x, size_t most) {
  auto out = "{" + key("type") + json::quote(x.type) + ","
             + key("slots_per_gpu") + std::to_string(x.slots_per_gpu) + ","
             + key("gpus") + std::to_string(x.gpus) + "," + key("free")
             + std::to_string(x.free_slots);
  if (!x.boots_left_s.empty())
    out += "," + key("boots_left") + list_of(x.boots_left_s, most);
  if (!x.runs_left_s.empty())
    out += "," + key("runs_left") + list_of(x.runs_left_s, most);
  if (x.boot != measured{})
    out += "," + key("boot") + text_of(x.boot);
  if (x.runs != decltype(x.runs){}) {
    std::string runs;
    for (auto& one : x.runs)
      runs += (runs.empty() ? "" : ",") + text_of(one);
    out += "," + key("runs") + "[" + runs + "]";
  }
  return out + "}";
}

std::string text_of(const worker_facts& x, size_t most) {
  std::string types;
  size_t told = 0;
  for (auto& one : x.types)
    if (one.type.size() <= longest_type && told++ < most_types)
      types += (types.empty() ? "" : ",") + text_of(one, most);
  std::string out = "{";
  if (x.draining)
    out += key("draining") + "true,";
  if (!x.unfit.empty())
    out += key("unfit") + json::quote(printable(x.unfit, longest_unfit)) + ",";
  return out + key("types") + "[" + types + "]}";
}

// -- reading ------------------------------------------------------------------

uint32_t count_of(const json::value& x) {
  if (!x.IsNumber())
    return 0;
  auto number = x.GetDouble();
  return number > 0
           ? static_cast<uint32_t>(std::min<double>(number, most_slots))
           : 0;
}

uint32_t count_of(const json::value& from, std::string_view name) {
  auto* x = json::find(from, name);
  return x ? count_of(*x) : 0;
}

std::vector<double> times_of(const json::value& from, std::string_view name) {
  std::vector<double> out;
  auto* xs = json::find(from, name);
  if (!xs || !xs->IsArray())
    return out;
  for (auto& x : xs->GetArray()) {
    if (out.size() == most_times)
      break;
    if (x.IsNumber())
      out.push_back(sane(x.GetDouble()));
  }
  return out;
}

measured measured_of(const json::value& x) {
  measured out;
  if (!x.IsArray() || x.Size() < 3 || !x[1].IsNumber() || !x[2].IsNumber())
    return out;
  out.count = count_of(x[0]);
  if (out.count == 0)
    return out;
  out.median_s = std::max(0.0, sane(x[1].GetDouble()));
  out.ninth_s = std::max(out.median_s, sane(x[2].GetDouble()));
  return out;
}

type_facts type_of(const json::value& from) {
  type_facts out;
  out.type = workload_type{json::string_or_empty(from, "type")};
  out.slots_per_gpu = std::max(1u, count_of(from, "slots_per_gpu"));
  out.gpus = count_of(from, "gpus");
  out.free_slots = count_of(from, "free");
  out.boots_left_s = times_of(from, "boots_left");
  out.runs_left_s = times_of(from, "runs_left");
  if (auto* boot = json::find(from, "boot"))
    out.boot = measured_of(*boot);
  auto* runs = json::find(from, "runs");
  if (runs && runs->IsArray())
    for (rapidjson::SizeType i = 0;
         i < std::min<size_t>(runs->Size(), out.runs.size()); ++i)
      out.runs[i] = measured_of((*runs)[i]);
  return out;
}

} // namespace

std::string encode_facts(const worker_facts& x) {
  auto most = most_times;
  auto out = text_of(x, most);
  for (; out.size() > longest_facts && most > 0; out = text_of(x, most))
    most /= 2;
  if (out.size() <= longest_facts)
    return out;
  // What it offers is the least that others may rely on.
  worker_facts rest;
  rest.draining = x.draining;
  rest.unfit = x.unfit;
  return text_of(rest, 0);
}

result<worker_facts> decode_facts(std::string_view text) {
  auto doc = json::parse(text);
  if (!doc)
    return fail(with_context("facts about a worker", doc.error()));
  if (!doc->IsObject())
    return fail(failure_kind::invalid_input,
                "facts about a worker are no JSON object");
  worker_facts out;
  out.draining = json::boolean(*doc, "draining").value_or(false);
  out.unfit = printable(json::string_or_empty(*doc, "unfit"), longest_unfit);
  auto* types = json::find(*doc, "types");
  if (!types || !types->IsArray())
    return out;
  for (auto& x : types->GetArray()) {
    if (out.types.size() == most_types)
      break;
    auto one = type_of(x);
    if (!one.type.empty() && one.type.size() <= longest_type)
      out.types.push_back(std::move(one));
  }
  return out;
}

} // namespace render::peers
