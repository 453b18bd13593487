#pragma once
// Plays hosts and answers to the webhook sender's policy, for its tests.
#include "actors/webhook/policy.hpp"
#include "tests/unit/effects.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace render::webhook_sender {

inline constexpr double t0 = 1'700'000'000;

inline webhook entry(int n, const std::string& host = "http://a.example") {
  auto text = std::to_string(n);
  return {"msg_" + text, job_id{text}, host + "/hook?token=secret", "{}", 0, 0};
}

inline result<http_response> answered(int32_t status, std::string wait = {}) {
  http_response out;
  out.status = status;
  if (!wait.empty())
    out.headers["retry-after"] = std::move(wait);
  return out;
}

inline result<http_response>
broken(failure_kind kind = failure_kind::unavailable) {
  return fail(kind, "no connection");
}

inline std::optional<arm_timer> timer_of(const effects& xs, timer which) {
  std::optional<arm_timer> out;
  for (auto& x : all<arm_timer>(xs))
    if (x.which == which)
      out = x;
  return out;
}

} // namespace render::webhook_sender
