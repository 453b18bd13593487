#pragma once
// Decides when each webhook is posted, and when it is given up. One slow or
// dead receiver holds up nobody: each URL has its own tries and its own few
// calls at once, and takes fair turns with the other URLs of its host and the
// other hosts. The outbox is the truth: entries here are leased, and dropped
// when the lease ends. Pure: no actors, no I/O, no clock.
//
// How long a URL waits for its turn because of others, at most: with T the
// limit of one try, H the places of a host, A the places of all, U the URLs of
// the host and W the hosts that have something to post,
//   T * ceil(U / H)                         while fewer than A tries go on,
//   T * ceil(U / H) + U * T * ceil(W / A)   always.
// A URL on whose host fewer than H tries go on waits for nobody.
#include "actors/say.hpp"
#include "actors/webhook/receiver.hpp"
#include "actors/webhook/schedule.hpp"
#include "messages/failure.hpp"
#include "messages/http.hpp"
#include "messages/moment.hpp"
#include "messages/webhook.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
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
  /// Tries under way at one time: to one URL, to one host, and in all. A URL
  /// alone cannot fill its host, nor a host the worker.
  uint32_t per_url_max = 8;
  uint32_t per_host_max = 16;
  uint32_t all_max = 256;
  /// Entries in memory at one time, in all and for one URL. Others stay in the
  /// outbox until a sweep.
  uint32_t open_max = 10'000;
  uint32_t per_url_open_max = 1'000;
  /// An entry whose next try is later than this is not kept in memory.
  duration kept_wait_max{30'000};
  /// `Retry-After` is honoured up to this.
  duration retry_after_max{300'000};
  /// How often the outbox is looked through for entries of dead workers.
  duration sweep_interval{15'000};
  /// A sweep is later by a turn among the fleet: between two workers, and all
  /// in all.
  duration sweep_turn{500};
  duration sweep_turn_most{45'000};
  uint32_t sweep_limit = 100;
  /// A sweep takes entries while there are more. It ends after this many takes
  /// that brought mostly entries of URLs that are at their limit.
  uint32_t wasted_takes_max = 4;
  /// The lease of an entry: longer than one try can take. The JOB STORE leases
  /// the entries of ended jobs for the same time.
  duration lease{60'000};
  /// From the time by which a due try could have timed out until others may
  /// take the entry. The try may wait for its turn, and a receiver should not
  /// get it from two workers.
  duration lease_margin{15'000};
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

using effect = std::variant<post, record, take, arm_timer, flushed, say>;
using effects = std::vector<effect>;

/// `now_s` is by the steady clock, as in `moment`.
class policy {
public:
  explicit policy(config cfg) : cfg_(std::move(cfg)), random_(cfg_.seed) {
    // nop
  }

  effects start();
  effects on_deliver(webhook entry, const moment& now);
  /// `asked_s`: when the entries were asked for; their lease begins no earlier.
  effects on_taken(const result<msg::webhooks_taken>& got, double asked_s,
                   double now_s);
  void on_recorded(const std::string& id, double lease_end_s);
  effects on_answer(const std::string& id, const result<http_response>& got,
                    const moment& now);
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
    /// Until when it is ours, as far as we know.
    double lease_end_s = 0;
    bool in_flight = false;
    /// When the next try is due, while it waits for that.
    double due_s = 0;
  };

  struct url_state {
    uint32_t open = 0;
    uint32_t in_flight = 0;
    /// Ids that may be posted now.
    std::deque<std::string> ready;
    bool in_turn = false;
  };

  struct host_state {
    uint32_t in_flight = 0;
    std::map<std::string, url_state> urls;
    /// URLs that have a place and something to post.
    std::deque<std::string> turns;
    bool in_turn = false;
  };

  using entry_map = std::map<std::string, open_entry>;

  /// True when it is held now.
  bool accept(webhook entry, double lease_end_s);
  bool make_room(const std::string& url);
  url_state& url_of(const open_entry& x);
  void take_turns(const open_entry& x);
  void leave(const open_entry& x);
  void tidy(const std::string& host, const std::string& url);
  effects post_what_fits(double now_s);
  std::optional<webhook> next_of(url_state& url, double now_s);
  effects delivered(open_entry x, int status, const moment& now);
  effects failed(open_entry x, const result<http_response>& got,
                 const moment& now);
  effects dead(open_entry x, std::string why);
  effects look();
  effects looked(const failure* trouble);
  effects sweep(double now_s);
  void forget_what_is_over(double now_s);
  effects arm_due(double now_s);
  effects on_due(double now_s);
  effects check_flushed();

  config cfg_;
  std::mt19937_64 random_;
  uint64_t last_generation_ = 0;
  fleet_place place_;
  entry_map entries_;
  std::map<std::string, host_state> hosts_;
  /// Hosts that have a place and something to post.
  std::deque<std::string> turns_;
  uint32_t in_flight_ = 0;
  /// Next tries, by when they are due.
  std::set<std::pair<double, std::string>> due_;
  uint32_t wasted_takes_ = 0;
  /// Why the last look into the outbox failed; empty: it did not.
  std::string trouble_;
  uint64_t due_generation_ = 0;
  double due_armed_s_ = 0;
  uint64_t sweep_generation_ = 0;
  uint64_t flush_generation_ = 0;
  /// 0: nobody waits for a flush.
  double flush_until_s_ = 0;
};

} // namespace render::webhook_sender
