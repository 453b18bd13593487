#pragma once
// Spans as OTLP has them in JSON (opentelemetry-proto 1.x), and what a
// collector's answer means. Pure.
#include "messages/failure.hpp"
#include "messages/http.hpp"
#include "messages/spans.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace render::otlp {

/// Who makes the spans.
struct resource {
  /// In order; each key once.
  std::vector<std::pair<std::string, std::string>> attributes;
  /// Of this program.
  std::string version;
};

/// Body of `POST /v1/traces`. Ids are hexadecimal, times text of nanoseconds.
/// Texts are cut at 4 KiB; what is no UTF-8 is mended.
std::string encode(const resource& by, const std::vector<span>& spans);

struct verdict {
  enum class kind : uint8_t {
    taken,
    /// Another try may help.
    again,
    refused,
  };
  kind what = kind::refused;
  /// With `taken`: spans that the collector would not have.
  uint64_t rejected = 0;
  /// With `again`: what the collector asks for; 0: it does not say.
  std::chrono::milliseconds retry_after{0};
  /// Of a failure; for the log.
  std::string why{};
};

/// OTLP/HTTP: 429, 502, 503, 504 and what did not arrive are tried again.
verdict judge(const result<http_response>& got, double unix_s);

} // namespace render::otlp
