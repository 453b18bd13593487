#pragma once
// Decides when each webhook is posted, and when it is given up. One slow or
// dead receiver holds up nobody: each host has its own few places and its own
// breaker. The outbox is the truth: what is held here is leased, and dropped
// when the lease ends. Pure: no actors, no I/O, no clock.
#include "actors/webhook/breaker.hpp"
#include "actors/webhook/schedule.hpp"
#include "messages/failure.hpp"
#include "messages/http.hpp"
#include "messages/webhook.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <variant>
#include <vector>

namespace render::webhook_sender {

using duration = std::chrono::milliseconds;

struct config {
  schedule tries = contract_schedule();
  /// Of the jitter.
  uint64_t seed = 0;
  /// Of one try.
  duration timeout{10'000};
  /// Tries under way to one host at one time.
  uint32_t per_host_max = 8;
  /// Entries held at one time, by all hosts and by one. More stay in the outbox
  /// until a sweep.
  uint32_t open_max = 10'000;
  uint32_t per_host_open_max = 1'000;
  /// A longer wait for the next try is spent in the outbox alone.
  duration kept_wait_max{30'000};
  breaker_config breaker;
  /// A host in trouble without webhooks is forgotten after this.
  duration breaker_memory{600'000};
  /// `Retry-After` is honoured up to this.
  duration retry_after_max{300'000};
  /// How often entries that a dead worker left are looked for.
  duration sweep_interval{15'000};
  /// A sweep is later by a turn among the fleet: between two workers, and all
  /// in all.
  duration sweep_turn{500};
  duration sweep_turn_most{45'000};
  uint32_t sweep_limit = 100;
  /// How long an entry is ours; longer than all that can happen to one try.
  /// The JOB STORE leases the entries of ended jobs for as long.
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
/// `on_recorded` is told when it is done.
struct record {
  msg::record_delivery what;
  /// Until when the entry is ours once this is written.
  double lease_end_s = 0;
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
  explicit policy(config cfg) : cfg_(std::move(cfg)), random_(cfg_.seed) {
    // nop
  }

  effects start();
  effects on_deliver(webhook entry, double now_s);
  /// `asked_s`: when the entries were asked for; their lease begins no earlier.
  effects on_taken(const result<msg::webhooks_taken>& got, double asked_s,
                   double now_s);
  void on_recorded(const std::string& id, double lease_end_s);
  effects on_answer(const std::string& id, const result<http_response>& got,
                    double now_s);
  effects on_timer(timer which, uint64_t generation, double now_s);
  effects on_flush(duration patience, double now_s);

  /// Entries that are neither delivered nor given up.
  size_t open() const noexcept {
    return entries_.size();
  }

  /// Hosts that are remembered.
  size_t hosts() const noexcept {
    return hosts_.size();
  }

private:
  struct open_entry {
    webhook entry;
    std::string host;
    /// Until when it is ours, as far as we know, by our clock.
    double lease_end_s = 0;
    bool in_flight = false;
    bool probe = false;
    /// When the next try is due, while it waits for that.
    double due_s = 0;
  };

  struct host_state {
    uint32_t open = 0;
    uint32_t in_flight = 0;
    /// Ids that may be posted now.
    std::deque<std::string> ready;
    webhook_sender::breaker breaker;
  };

  using entry_map = std::map<std::string, open_entry>;

  effects accept(webhook entry, double lease_end_s, double now_s);
  uint32_t places(const host_state& host, double now_s) const;
  effects post_what_fits(const std::string& name, double now_s);
  effects delivered(open_entry x);
  effects failed(open_entry x, const result<http_response>& got, double now_s);
  effects dead(open_entry x, std::string why);
  void leave(const std::string& name);
  effects sweep(double now_s);
  void forget_what_is_over(double now_s);
  effects arm_due(double now_s);
  effects arm_at(double due_s, double now_s);
  effects on_due(double now_s);
  effects check_flushed();

  config cfg_;
  std::mt19937_64 random_;
  uint64_t last_generation_ = 0;
  fleet_place place_;
  entry_map entries_;
  std::map<std::string, host_state> hosts_;
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
