#include "actors/tracer.hpp"

#include <iterator>

namespace render {

namespace {

constexpr std::string_view names[] = {"always_on",
                                      "always_off",
                                      "traceidratio",
                                      "parentbased_always_on",
                                      "parentbased_always_off",
                                      "parentbased_traceidratio"};

/// As the SDKs of OpenTelemetry for Go and Python have it: by 63 bits of the
/// id's lower half.
bool is_within(double ratio, uint64_t trace_low) noexcept {
  if (ratio >= 1)
    return true;
  if (!(ratio > 0))
    return false;
  constexpr auto all = 9223372036854775808.0; // 2^63
  return static_cast<double>(trace_low >> 1) < ratio * all;
}

} // namespace

std::string_view to_string(sampler x) noexcept {
  return names[static_cast<size_t>(x)];
}

std::optional<sampler> sampler_from(std::string_view name) noexcept {
  for (size_t i = 0; i < std::size(names); ++i)
    if (names[i] == name)
      return static_cast<sampler>(i);
  return std::nullopt;
}

bool is_sampled(const sampling& how, const span_context& parent,
                uint64_t trace_low) noexcept {
  switch (how.rule) {
  case sampler::always_on:
    return true;
  case sampler::always_off:
    return false;
  case sampler::traceidratio:
    return is_within(how.ratio, trace_low);
  case sampler::parentbased_always_on:
    return parent ? parent.sampled : true;
  case sampler::parentbased_always_off:
    return parent ? parent.sampled : false;
  case sampler::parentbased_traceidratio:
    return parent ? parent.sampled : is_within(how.ratio, trace_low);
  }
  return false;
}

// A zero is no id.
uint64_t tracer::draw() {
  while (true)
    if (auto x = random_(); x != 0)
      return x;
}

span_context tracer::root() {
  span_context out;
  out.trace_high = draw();
  out.trace_low = draw();
  out.span = draw();
  out.sampled = is_sampled(how_, {}, out.trace_low);
  return out;
}

span_context tracer::below(const span_context& parent) {
  if (!parent)
    return root();
  auto out = child(parent);
  out.sampled = is_sampled(how_, parent, out.trace_low);
  return out;
}

span_context tracer::child(const span_context& parent) {
  auto out = parent;
  out.span = draw();
  return out;
}

} // namespace render
