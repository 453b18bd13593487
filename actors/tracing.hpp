#pragma once
// What the shell of an actor that makes spans is given.
#include "actors/tracer.hpp"
#include "messages/span_actors.hpp"

#include <caf/send.hpp>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace render {

struct tracing {
  /// None: nobody traces, and nothing of it is done.
  span_sink_actor to{};
  sampling how{};
  /// Of the ids.
  uint64_t seed = 0;

  explicit operator bool() const noexcept {
    return static_cast<bool>(to);
  }

  tracer ids() const {
    return {how, seed};
  }
};

inline void send_spans(const tracing& x, std::vector<span> spans) {
  if (!spans.empty())
    caf::anon_send(x.to, msg::spans_ended{std::move(spans)});
}

inline void send_span(const tracing& x, std::optional<span> one) {
  if (one)
    send_spans(x, {std::move(*one)});
}

} // namespace render
