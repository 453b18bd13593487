#pragma once
// Spans of OpenTelemetry: what took how long, for which job, because of what.
// Pure values, and the text forms of W3C Trace Context.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace render {

/// Which span of which trace. All zero: none.
struct span_context {
  /// The 16 bytes of the trace id, the first eight in `trace_high`.
  uint64_t trace_high = 0;
  uint64_t trace_low = 0;
  uint64_t span = 0;
  /// Whether somebody exports the trace.
  bool sampled = false;
  /// `tracestate`, valid or empty: passed on as it came.
  std::string state{};

  /// Neither id is zero.
  explicit operator bool() const noexcept {
    return (trace_high | trace_low) != 0 && span != 0;
  }

  friend bool operator==(const span_context&, const span_context&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, span_context& x) {
  return f(x.trace_high, x.trace_low, x.span, x.sampled, x.state);
}

/// Lower-case hexadecimal, 32 digits.
std::string trace_id_text(const span_context& x);

/// Lower-case hexadecimal, 16 digits.
std::string span_id_text(uint64_t span);

/// "00-{trace id}-{span id}-{flags}"; empty for none.
std::string traceparent_of(const span_context& x);

/// Nothing when it is none by W3C Trace Context. Of the flags only `sampled` is
/// known; versions above 00 are read as 00.
std::optional<span_context> read_traceparent(std::string_view text);

/// Of both headers. A bad `tracestate` counts as none; without a good
/// `traceparent` there is nothing.
span_context read_span_context(std::string_view traceparent,
                               std::string_view tracestate);

/// A list of at most 32 `key=value` in at most 512 bytes, as W3C has it.
bool is_tracestate(std::string_view text);

/// The numbers of OTLP.
enum class span_kind : uint8_t {
  internal = 1,
  server = 2,
  client = 3,
  producer = 4,
  consumer = 5,
};

struct span_attribute {
  std::string key;
  std::string text{};
  /// Instead of the text.
  std::optional<int64_t> number{};

  friend bool operator==(const span_attribute&, const span_attribute&)
    = default;
};

/// One that has ended.
struct span {
  std::string name;
  span_kind kind = span_kind::internal;
  span_context at;
  /// 0: it is the root of its trace.
  uint64_t parent = 0;
  /// Unix seconds.
  double start_s = 0;
  double end_s = 0;
  std::vector<span_attribute> attributes{};
  /// Spans of other traces that it follows from.
  std::vector<span_context> links{};
  /// `error.type`; empty: no error.
  std::string error{};
  /// More about the error; may be empty. Holds no secret.
  std::string error_text{};

  friend bool operator==(const span&, const span&) = default;
};

/// Adds `key` unless the text is empty.
void add_text(span& to, std::string key, std::string text);

void add_number(span& to, std::string key, int64_t number);

namespace msg {

/// To the SPAN EXPORTER. One-way, within the process.
struct spans_ended {
  std::vector<span> spans;
};

} // namespace msg

} // namespace render
