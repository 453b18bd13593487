#pragma once
// Makes ids of spans, and decides which traces are exported. Pure; randomness
// from a seeded engine.
#include "messages/spans.hpp"

#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

namespace render {

/// OTEL_TRACES_SAMPLER.
enum class sampler : uint8_t {
  always_on,
  always_off,
  traceidratio,
  parentbased_always_on,
  parentbased_always_off,
  parentbased_traceidratio,
};

std::string_view to_string(sampler x) noexcept;
std::optional<sampler> sampler_from(std::string_view name) noexcept;

struct sampling {
  sampler rule = sampler::parentbased_always_on;
  /// Of the samplers with a ratio: which part of the traces, from 0 to 1.
  double ratio = 1;

  friend bool operator==(const sampling&, const sampling&) = default;
};

/// Whether spans below `parent` are exported; without one, of the trace with
/// this lower half of its id. All workers decide alike.
bool is_sampled(const sampling& how, const span_context& parent,
                uint64_t trace_low) noexcept;

class tracer {
public:
  tracer(sampling how, uint64_t seed) : how_(how), random_(seed) {
    // nop
  }

  /// The root of a new trace.
  span_context root();

  /// A child of somebody else's span; a root when there is none.
  span_context below(const span_context& parent);

  /// A child of a span of ours: it is exported if that is.
  span_context child(const span_context& parent);

private:
  uint64_t draw();

  sampling how_;
  std::mt19937_64 random_;
};

} // namespace render
