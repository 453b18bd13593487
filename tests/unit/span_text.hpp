#pragma once
// Spans as tests compare them.
#include "messages/moment.hpp"
#include "messages/spans.hpp"

#include <string>

namespace render::span_text {

// The steady clock began a thousand seconds into 1970.
inline moment at(double steady_s) {
  return {steady_s, steady_s + 1'000};
}

inline const span_context producer{0xa, 0xb, 0xc, true, "x=1"};

inline std::string text(const span& x, const std::string& key) {
  for (auto& y : x.attributes)
    if (y.key == key)
      return y.number ? std::to_string(*y.number) : y.text;
  return "-";
}

inline std::string summary(const span& x) {
  return x.name + " " + std::to_string(static_cast<int>(x.start_s)) + "-"
         + std::to_string(static_cast<int>(x.end_s))
         + (x.error.empty() ? "" : " " + x.error);
}

} // namespace render::span_text
