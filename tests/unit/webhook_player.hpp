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
  return {"msg_" + text, text, host + "/hook?token=secret", "{}", 0, 0};
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

/// Its breaker holds: five of the entries have failed.
struct one_host {
  explicit one_host(int entries = 5, config cfg = {}) : p(std::move(cfg)) {
    for (int i = 0; i < entries; ++i)
      p.on_deliver(entry(i), t0);
    for (int i = 0; i < 5; ++i)
      last = fail(i, t0);
  }

  effects fail(int n, double now) {
    auto out = p.on_answer("msg_" + std::to_string(n), answered(500), now);
    for (auto& x : all<record>(out))
      p.on_recorded(x.what.entry.id, x.lease_end_s);
    if (auto due = timer_of(out, timer::due))
      armed = *due;
    return out;
  }

  /// Seven tries were under way when it began to hold; they tell nothing new.
  void fail_the_rest() {
    for (int i = 5; i < 12; ++i)
      fail(i, t0);
  }

  effects due(double now) {
    auto out = p.on_timer(timer::due, armed.generation, now);
    if (auto due = timer_of(out, timer::due))
      armed = *due;
    return out;
  }

  policy p;
  arm_timer armed;
  effects last;
};

} // namespace render::webhook_sender
