#pragma once
// The SPAN EXPORTER: sends spans to a collector of OpenTelemetry, by OTLP over
// HTTP with JSON. When it is asked to end, it exports what it has, within a
// limit. When it dies, the worker ends (ROOT).
#include "actors/io/spans/policy.hpp"
#include "actors/log.hpp"
#include "messages/clock.hpp"
#include "messages/io_actors.hpp"
#include "messages/span_actors.hpp"

#include <caf/all.hpp>

#include <string>
#include <vector>

namespace render {

using span_exporter_actor
  = span_sink_actor::extend<caf::reacts_to<msg::timer_due>>;

struct span_exporter_config {
  span_export::config limits{};
  /// Where batches are posted.
  std::string url;
  /// With each request. Secrets.
  std::vector<http_header> headers;
  otlp::resource by;
};

struct span_exporter_deps {
  http_actor http;
  wall_clock now;
  logger log;
};

struct span_exporter_state {
  static inline const char* name = "span-exporter";
  span_exporter_config cfg;
  span_exporter_deps deps;
  span_export::policy policy{span_export::config{}};
  /// Why it ends.
  caf::error end{};
};

span_exporter_actor::behavior_type span_exporter_behavior(
  span_exporter_actor::stateful_pointer<span_exporter_state> self,
  span_exporter_config cfg, span_exporter_deps deps);

} // namespace render
