#include "actors/io/redis/scripts/gpu_codec.hpp"

#include "actors/io/redis/scripts/codec.hpp"
#include "messages/text/json.hpp"
#include "messages/text/utf8.hpp"

#include <algorithm>

namespace render::job_store {

namespace {

std::string text_at(const reply& x, size_t index) {
  auto& field = x.elements[index];
  return field.type == reply::kind::text ? field.text : std::string{};
}

// Ids hold no line breaks.
std::string lines(const std::vector<std::string>& xs) {
  std::string out;
  for (auto& x : xs)
    out += (out.empty() ? "" : "\n") + x;
  return out;
}

double number_at(const reply& x, size_t index) {
  return parse_number(text_at(x, index)).value_or(0);
}

std::vector<gpu_entry> entries_of(const reply& x) {
  std::vector<gpu_entry> out;
  for (auto& entry : x.elements) {
    if (!entry.is_array(9))
      continue;
    gpu_entry y;
    y.id = text_at(entry, 0);
    y.type = text_at(entry, 1);
    y.state = gpu_entry_state_from(text_at(entry, 2));
    y.expires_s
      = static_cast<int64_t>(std::clamp(number_at(entry, 3), 0.0, 9e15));
    y.intent_s = number_at(entry, 4);
    y.workload = text_at(entry, 5);
    y.node = text_at(entry, 6);
    y.launched_s = number_at(entry, 7);
    y.known_before = split_history(text_at(entry, 8));
    out.push_back(std::move(y));
  }
  return out;
}

} // namespace

std::vector<std::string> gpu_fields(const gpu_entry& x) {
  return {"type",         x.type,
          "state",        std::string{to_string(x.state)},
          "expires",      std::to_string(x.expires_s),
          "intent_at",    number_text(x.intent_s),
          "workload",     x.workload,
          "node",         x.node,
          "launched_at",  number_text(x.launched_s),
          "known_before", lines(x.known_before)};
}

result<msg::gpus_taken> decode_gpus(reply x) {
  if (x.type == reply::kind::error)
    return fail(failure_of(x.text));
  if (!x.is_array(3))
    return fail(failure_kind::internal, "Redis: unexpected reply to take_gpus");
  msg::gpus_taken out;
  out.entries = entries_of(x.elements[0]);
  for (auto& workload : x.elements[1].elements)
    out.known_workloads.push_back(workload.text);
  out.next_due_ms = x.elements[2].integer;
  return out;
}

result<msg::gpus_seen> decode_gpu_entries(reply x) {
  if (x.type == reply::kind::error)
    return fail(failure_of(x.text));
  if (!x.is_array(2))
    return fail(failure_kind::internal, "Redis: unexpected reply to view_gpus");
  msg::gpus_seen out{entries_of(x.elements[0])};
  for (auto& ended : x.elements[1].elements)
    if (auto workload = workload_of_closed(ended.text); !workload.empty())
      out.ended_workloads.push_back(std::move(workload));
  return out;
}

std::string closed_id_text(std::string_view id) {
  return "\"id\":" + json::quote(id);
}

std::string closed_workload_text(std::string_view workload) {
  return "\"workload\":" + json::quote(valid_utf8(workload));
}

std::string closed_gpu_json(const msg::close_gpu& x, std::string_view worker,
                            double now_s) {
  auto& e = x.entry;
  auto seconds = e.launched_s > 0 ? std::max(0.0, now_s - e.launched_s) : 0;
  auto out = "{" + closed_id_text(e.id);
  auto text = [&out](std::string_view name, std::string_view value) {
    out += ",\"" + std::string{name} + "\":" + json::quote(valid_utf8(value));
  };
  auto number = [&out](std::string_view name, double value) {
    out += ",\"" + std::string{name} + "\":" + number_text(value);
  };
  text("type", e.type);
  out += "," + closed_workload_text(e.workload);
  text("node", e.node);
  text("worker", worker);
  number("launched_at", e.launched_s);
  number("stopped_at", now_s);
  number("seconds", seconds);
  number("refund_amount", x.refund_amount);
  text("reason", x.reason);
  return out + "}";
}

std::string workload_of_closed(std::string_view line) {
  auto doc = json::parse(line);
  return doc ? json::string_or_empty(*doc, "workload") : std::string{};
}

} // namespace render::job_store
