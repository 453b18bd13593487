#include "actors/io/redis/scripts/gpu_entry.hpp"

#include "actors/io/redis/scripts/codec.hpp"
#include "actors/io/redis/scripts/reading.hpp"
#include "messages/text/json.hpp"
#include "messages/text/utf8.hpp"

#include <algorithm>

namespace render::job_store {

namespace {

// Ids hold no line breaks.
std::string lines(const std::vector<workload_id>& xs) {
  std::string out;
  for (auto& x : xs)
    out += (out.empty() ? "" : "\n") + x;
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

std::vector<gpu_entry> read_gpu_entries(reply& x) {
  std::vector<gpu_entry> out;
  for (auto& entry : x.elements) {
    if (!entry.is_array(9))
      continue;
    gpu_entry y;
    y.id = ledger_id{text_at(entry, 0)};
    y.type = workload_type{text_at(entry, 1)};
    y.state = gpu_entry_state_from(text_at(entry, 2));
    y.expires_s
      = static_cast<int64_t>(std::clamp(number_at(entry, 3), 0.0, 9e15));
    y.intent_s = number_at(entry, 4);
    y.workload = workload_id{text_at(entry, 5)};
    y.node = gpu_host{text_at(entry, 6)};
    y.launched_s = number_at(entry, 7);
    for (auto& workload : split_history(text_at(entry, 8)))
      y.known_before.emplace_back(std::move(workload));
    out.push_back(std::move(y));
  }
  return out;
}

result<void> read_as_owner(const std::string& id, const result<reply>& got) {
  if (!got)
    return fail(got.error());
  if (got->type == reply::kind::error)
    return fail(failure_of(got->text));
  if (got->integer == 0)
    return fail(failure_kind::not_owner,
                "ledger entry " + id + " is another worker's now");
  if (got->integer < -1)
    return fail(failure_kind::over_budget, got->integer == -2
                                             ? "MAX_SPEND_PER_HOUR"
                                             : "MAX_SPEND_PER_DAY");
  if (got->integer < 0)
    return fail(failure_kind::rejected,
                "another entry of the ledger has the workload of " + id);
  return {};
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
  auto& split = x.split;
  auto known = split.total_ms() > 0;
  auto since_launch = e.launched_s > 0 ? now_s - e.launched_s : 0;
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
  auto seconds = [&out](std::string_view name, int64_t ms) {
    out += ",\"" + std::string{name} + "\":" + seconds_text(ms);
  };
  if (known) {
    seconds("seconds", split.total_ms());
    seconds("before_s", split.before_ms);
    seconds("boot_s", split.boot_ms);
    seconds("busy_s", split.busy_ms);
    seconds("idle_s", split.idle_ms);
    seconds("drain_s", split.drain_ms);
    seconds("jobs_s", split.jobs_ms);
  } else {
    number("seconds", std::max(0.0, since_launch));
  }
  number("refund_amount", x.refund_amount);
  text("reason", x.reason);
  return out + "}";
}

std::string workload_of_closed(std::string_view line) {
  auto doc = json::parse(line);
  return doc ? json::string_or_empty(*doc, "workload") : std::string{};
}

const std::string_view gpu_entry_lua = R"lua(
local function read_entry(prefix, id)
  local key = prefix .. id
  local r = redis.pcall('HMGET', key, 'type', 'state', 'expires', 'intent_at',
                        'workload', 'node', 'launched_at')
  if r.err or not r[1] or #id > 256 then return false end
  for i = 1, 7 do
    if r[i] and #r[i] > 1024 then return false end
  end
  return {id, r[1], r[2], r[3], r[4], r[5], r[6], r[7],
          bounded(key, 'known_before', 1048576)}
end
)lua";

const std::string_view named_elsewhere_lua = R"lua(
local function named_elsewhere(ledger, prefix, id, workload)
  if workload == '' then return false end
  for _, other in ipairs(redis.call('ZRANGE', ledger, 0, -1)) do
    if other ~= id
        and redis.call('HGET', prefix .. other, 'workload') == workload then
      return true
    end
  end
  return false
end
)lua";

} // namespace render::job_store
