#pragma once
// Decides when the queue is waited for, claimed from and looked at, so that a
// free slot never waits while a job that fits it does, and an idle node is
// silent. Pure: no actors, no I/O, no clock, no randomness. Asks one thing of
// the queue at a time, but for rejections.
#include "actors/event.hpp"
#include "actors/queue_watcher/giving_way.hpp"
#include "actors/queue_watcher/growth.hpp"
#include "messages/moment.hpp"
#include "messages/queue.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace render::queue_watcher {

using duration = std::chrono::microseconds;
using std::chrono::milliseconds;

struct config {
  /// How long one wait at an empty queue lasts.
  milliseconds patience{30'000};
  /// While something waits that we cannot claim: the next claim for a slot that
  /// is free, and the next peek without one.
  milliseconds rescan_free{25};
  milliseconds rescan_full{3'000};
  /// The latter is later by a turn among the fleet: between two workers, and
  /// all in all.
  milliseconds rescan_turn{100};
  milliseconds rescan_turn_most{10'000};
  /// The former doubles up to this while claims find nothing.
  milliseconds rescan_free_max{100};
  /// Least time between two peeks until something is found to wait, and while
  /// more of it is found each time.
  milliseconds peek_spacing{250};
  giving_way manners;
  milliseconds backoff_min{100};
  milliseconds backoff_max{5'000};
  uint32_t peek_limit = 100;
  /// Rejections asked for after one peek.
  uint32_t rejections_max = 16;
};

enum class question : uint8_t { claim, peek };

enum class pause_reason : uint8_t {
  /// The owner wants no jobs. Ends with the owner's word, not by time.
  not_accepting,
  /// Back-off, to wait for the queue again.
  wait_failed,
  /// Back-off, to claim or to look again.
  ask_failed,
  /// With a slot free: a worker whose GPU worked more recently may have the
  /// job.
  left_to_warmer,
  /// Without one: a worker with a slot may have the job.
  left_to_others,
  /// A claim has found nothing for the slots that are free.
  nothing_fits,
  /// No slot is free, and the queue was looked at a moment ago.
  no_slot,
};

/// At a queue that is believed to be empty.
struct waiting {
  double since_s = 0;
};
struct asking {
  question what = question::claim;
  double since_s = 0;
  /// Of a claim.
  std::vector<msg::claim_quota> quotas;
};
struct paused {
  pause_reason why = pause_reason::not_accepting;
  /// By the steady clock.
  double until_s = std::numeric_limits<double>::infinity();
  /// Of the timer.
  uint64_t generation = 0;
};
using state = std::variant<paused, waiting, asking>;

struct wait_for_work {
  milliseconds patience{0};
};
struct claim {
  std::vector<msg::claim_quota> quotas;
};
struct peek {
  uint32_t limit = 0;
  std::vector<job_id> known;
};
struct reject {
  render::job_id job_id;
};
struct deliver {
  msg::jobs_claimed what;
};
struct report {
  msg::backlog what;
};
struct arm_timer {
  uint64_t generation = 0;
  duration delay{0};
};
/// For the log, as a trouble of the queue.
struct complain {
  std::string text;
};
/// For the log, as it stands: a line about one job.
struct tell {
  std::string text;
  event about = {};
};
using effect = std::variant<wait_for_work, claim, peek, reject, deliver, report,
                            arm_timer, complain, tell>;
using effects = std::vector<effect>;

/// `now_s` is by the steady clock, as in `moment`.
class policy {
public:
  explicit policy(config cfg) : cfg_(cfg), rescan_(cfg.rescan_free) {
    // nop
  }

  effects on_capacity(msg::capacity x, double now_s);
  effects on_look_wanted(double now_s);
  effects on_head(const msg::queue_head& x, double now_s);
  effects on_wait_failed(const failure& why, double now_s);
  effects on_claimed(msg::claimed_jobs x, const moment& now);
  effects on_claim_failed(const failure& why, double now_s);
  effects on_peeked(msg::queue_snapshot x, const moment& now);
  effects on_peek_failed(const failure& why, double now_s);
  effects on_rejected(const job_id& id, msg::claimed_jobs x, const moment& now);
  effects on_reject_failed(const job_id& id, const failure& why);
  effects on_timer(uint64_t generation, double now_s);

  /// What it does right now, and why when that is nothing.
  const state& doing() const noexcept {
    return state_;
  }

private:
  struct seen_job {
    job_id id;
    std::string type;
    double created_at_s = 0;
    /// Its `complete_by`, by the steady clock.
    std::optional<double> late_at_s;
    bool has_inputs = true;
  };

  /// What the owner was told of the queue last.
  enum class told : uint8_t { nothing_waits, something_waits, has_asked_again };

  bool is_asking(question what) const;
  std::vector<msg::claim_quota> open_quotas() const;
  bool is_futile(const std::vector<msg::claim_quota>& open) const;
  msg::backlog to_report(const std::map<std::string, uint64_t>& counted) const;
  effects hand_over(msg::claimed_jobs x, const moment& now);
  void greet(const job& x, effects& out);
  void on_look(bool found, bool emptied);
  effects go_on(bool filled, double now_s);
  effects ask_or_pause(double now_s);
  duration until_look(double now_s) const;
  duration until_first_deadline(double now_s) const;
  effects back_off(pause_reason why, std::string_view what,
                   const failure& trouble, double now_s);
  effects pause(pause_reason why, duration delay, double now_s);
  effects report_empty();
  void refuse(const job_id& id, effects& out);

  config cfg_;
  state state_;
  fleet_place place_;
  /// Jobs in a row for which others have been quicker.
  uint32_t late_ = 0;
  /// Since the last look, a job was left to others.
  bool has_left_ = false;
  msg::capacity capacity_{{}, 0, false};
  /// Types of the jobs that the owner has not yet received, oldest first.
  std::deque<std::string> on_the_way_;
  uint64_t delivered_ = 0;
  told told_ = told::nothing_waits;
  growth growth_;
  /// The slots that the last claim has found nothing for; empty: it did, or
  /// something has changed since.
  std::vector<msg::claim_quota> futile_for_;
  /// 0: the next look is due at once.
  double peeked_at_s_ = 0;
  duration last_took_{0};
  duration rescan_;
  /// In a row.
  uint32_t failures_ = 0;
  std::set<job_id> rejecting_;
  /// A job whose id is no UUID has been seen, and the log told.
  bool told_of_odd_id_ = false;
  /// What the last peek showed and can run.
  std::vector<seen_job> seen_;
  uint64_t generation_ = 0;
};

} // namespace render::queue_watcher
