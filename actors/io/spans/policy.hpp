#pragma once
// Decides when spans are exported, tried again and dropped. A collector that is
// slow or away costs spans, never time of others: the queue is bounded, and one
// request is under way at a time. Pure: no actors, no clock.
#include "actors/io/spans/otlp.hpp"
#include "actors/say.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <random>
#include <variant>
#include <vector>

namespace render::span_export {

using duration = std::chrono::milliseconds;

struct config {
  /// Spans in memory, those under way included.
  size_t queue_max = 2'048;
  size_t batch_max = 512;
  /// The longest that a span waits for others to fill a batch.
  duration interval{5'000};
  /// Of one try.
  duration timeout{10'000};
  uint32_t tries_max = 5;
  /// Before the second try; doubles, and is up to a half longer by chance.
  duration retry_min{1'000};
  /// `Retry-After` is honoured up to this, too.
  duration retry_max{30'000};
  /// At the end of the worker: shorter than the ROOT's limit for a part.
  duration flush{800};
  uint64_t seed = 1;
};

enum class timer : uint32_t { batch, retry, flush };

struct post {
  std::vector<span> spans;
};
struct arm_timer {
  timer which = timer::batch;
  uint64_t generation = 0;
  duration delay{0};
};
/// The last effect.
struct done {};

using effect = std::variant<post, arm_timer, done, say>;
using effects = std::vector<effect>;

/// The outcomes of spans, as the event `trace_spans` has them.
inline constexpr const char* exported = "exported";
/// The queue was full, or the worker ended.
inline constexpr const char* dropped = "dropped";
/// The collector answered, and would not have them.
inline constexpr const char* rejected = "rejected";
/// The collector did not take them in all their tries.
inline constexpr const char* failed = "failed";

/// States: idle -> (waiting for a batch) -> under way -> (waiting for the next
/// try) -> idle; and, once stopping, done.
class policy {
public:
  explicit policy(config cfg) : cfg_(cfg), random_(cfg.seed) {
    // nop
  }

  effects on_spans(std::vector<span> more);
  effects on_answer(const result<http_response>& got, double unix_s);
  effects on_timer(timer which, uint64_t generation);
  /// The worker ends: what can be exported within `flush` is.
  effects on_stop();

private:
  effects send();
  effects go_on();
  effects again(const otlp::verdict& what);
  effects give_up(const char* outcome, const std::string& why);
  effects arm_flush();
  effects end();

  config cfg_;
  std::mt19937_64 random_;
  std::deque<span> queue_;
  /// The batch under way, or waiting for its next try; empty: none.
  std::vector<span> batch_;
  uint32_t tries_ = 0;
  bool waits_for_retry_ = false;
  /// Of the timers; 0: not armed.
  uint64_t batch_generation_ = 0;
  uint64_t retry_generation_ = 0;
  uint64_t flush_generation_ = 0;
  uint64_t last_generation_ = 0;
  bool stopping_ = false;
  /// Something was lost, and it has been said.
  bool in_trouble_ = false;
};

} // namespace render::span_export
