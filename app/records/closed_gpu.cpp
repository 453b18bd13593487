#include "app/records/closed_gpu.hpp"

#include "messages/text/json.hpp"

#include <algorithm>

namespace render::records {

std::optional<closed_gpu> read_closed_gpu(const std::string& text) {
  auto doc = json::parse(text);
  if (!doc || !doc->IsObject())
    return std::nullopt;
  auto word = [&doc](const char* name) {
    return json::string_or_empty(*doc, name);
  };
  auto number = [&doc](const char* name) {
    return std::clamp(json::number(*doc, name).value_or(0), 0.0, 1e12);
  };
  closed_gpu out;
  out.id = word("id");
  out.type = word("type");
  out.workload = word("workload");
  out.node = word("node");
  out.worker = word("worker");
  out.reason = word("reason");
  out.launched_s = number("launched_at");
  out.stopped_s = number("stopped_at");
  out.rented_s = number("seconds");
  out.refund = number("refund_amount");
  if (json::number(*doc, "boot_s"))
    out.spent = closed_gpu::split{number("before_s"), number("boot_s"),
                                  number("busy_s"), number("idle_s"),
                                  number("drain_s")};
  return out;
}

} // namespace render::records
