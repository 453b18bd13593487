#include "app/ctl/trace_line.hpp"

#include "messages/job.hpp"
#include "messages/text/json.hpp"

#include <charconv>
#include <optional>

namespace render::ctl {

namespace {

/// Unix seconds in the simulator's range: 1970 to 2096.
std::optional<double> time_of(const std::string& text) {
  constexpr double latest_s = 4e9;
  double out = 0;
  auto end = text.data() + text.size();
  auto [at, error] = std::from_chars(text.data(), end, out);
  if (error != std::errc{} || at != end || !(out > 0 && out <= latest_s))
    return std::nullopt;
  return out;
}

std::string number(double x) {
  return json::fixed(x, 3);
}

} // namespace

result<trace_line> make_trace_line(const trace_fields& x) {
  if (x.started_at.empty() || x.finished_at.empty())
    return fail(failure_kind::invalid_input, "not finished");
  if (!job_kind_from(x.type))
    return fail(failure_kind::invalid_input, "unknown type");
  auto created = time_of(x.created_at);
  auto started = time_of(x.started_at);
  auto finished = time_of(x.finished_at);
  if (!created || !started || !finished || *finished < *started)
    return fail(failure_kind::invalid_input, "unreadable times");
  auto text = "{\"type\":" + json::quote(x.type)
              + ",\"created_at\":" + number(*created)
              + ",\"duration\":" + number(*finished - *started);
  // A deadline that is not after the job's creation is left out.
  if (auto by = time_of(x.complete_by); by && *by > *created)
    text += ",\"complete_by\":" + number(*by);
  return trace_line{*created, text + "}\n"};
}

} // namespace render::ctl
