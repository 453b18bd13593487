#pragma once
// Decides when each webhook is posted, and when it is given up. One slow
// receiver holds up nobody: each host has its own few places. Pure: no actors,
// no I/O, no clock.
#include "messages/failure.hpp"
#include "messages/http.hpp"
#include "messages/webhook.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace render::webhook_sender {

using duration = std::chrono::milliseconds;

struct config {
  /// Between the tries; one try more than delays.
  std::vector<duration> delays{4, duration{5'000}};
  /// Of one try.
  duration timeout{10'000};
  /// Tries under way to one host at one time.
  uint32_t per_host_max = 8;
  /// Entries held at one time. More stay in the outbox until a sweep.
  uint32_t open_max = 10'000;
  /// `Retry-After` is honoured up to this.
  duration retry_after_max{300'000};
  /// How often entries that a dead worker left are looked for.
  duration sweep_interval{15'000};
  uint32_t sweep_limit = 100;
  /// How long an entry is ours; longer than all that can happen to one try.
  duration lease{60'000};
  /// After a try is due, and could have timed out, until others may take the
  /// entry: a receiver should not hear of it from two workers.
  duration lease_margin{5'000};
  /// `whsec_...`, several with spaces between; empty: no signature.
  std::string secret;
};

enum class timer : uint32_t { due, sweep, flush };

struct post {
  webhook entry;
};
struct record {
  msg::record_delivery what;
};
struct take {
  msg::take_webhooks what;
};
struct arm_timer {
  timer which = timer::due;
  uint64_t generation = 0;
  duration delay{0};
};
/// Answers all who asked to flush.
struct flushed {};
enum class severity : uint8_t { info, warning, error };
struct say {
  severity level = severity::info;
  std::string text;
};

using effect = std::variant<post, record, take, arm_timer, flushed, say>;
using effects = std::vector<effect>;

/// All times are Unix seconds.
class policy {
public:
  explicit policy(config cfg) : cfg_(std::move(cfg)) {
    // nop
  }

  effects start();
  effects on_deliver(webhook entry, double now_s);
  effects on_taken(const result<msg::webhooks_taken>& got, double now_s);
  effects on_answer(const std::string& id, const result<http_response>& got,
                    double now_s);
  effects on_timer(timer which, uint64_t generation, double now_s);
  effects on_flush(duration patience, double now_s);

  /// Entries that are neither delivered nor given up.
  size_t open() const noexcept {
    return entries_.size();
  }

private:
  struct open_entry {
    webhook entry;
    std::string host;
    bool in_flight = false;
    /// When the next try is due, while it waits for that.
    double due_s = 0;
  };

  effects accept(webhook entry, double now_s);
  effects post_what_fits(const std::string& host);
  effects delivered(open_entry x);
  effects failed(open_entry x, const result<http_response>& got, double now_s);
  effects arm_due(double now_s);
  effects check_flushed(double now_s);

  config cfg_;
  uint64_t last_generation_ = 0;
  std::map<std::string, open_entry> entries_;
  std::map<std::string, uint32_t> in_flight_by_host_;
  /// Ids that may be posted now, by host.
  std::map<std::string, std::deque<std::string>> ready_;
  uint64_t due_generation_ = 0;
  double due_armed_s_ = 0;
  uint64_t sweep_generation_ = 0;
  uint64_t flush_generation_ = 0;
  /// 0: nobody waits for a flush.
  double flush_until_s_ = 0;
};

/// What a receiver asks for with 429 or 503, in seconds or as a date; 0 when
/// it asks for nothing.
duration retry_after(const http_response& x, double now_s);

/// `scheme://host:port`, in lower case.
std::string host_of(std::string_view url);

} // namespace render::webhook_sender
