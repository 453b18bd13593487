#pragma once
// Decides when the queue is waited for, claimed from and looked at, so that a
// free slot never waits while a job that fits it does, and an idle node is
// silent. Pure: no actors, no I/O, no clock, no randomness. Asks one thing of
// the queue at a time, but for the wait and for rejections.
#include "actors/queue_watcher/giving_way.hpp"
#include "messages/moment.hpp"
#include "messages/queue.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace render::queue_watcher {

using duration = std::chrono::milliseconds;

struct config {
  /// How long one wait at an empty queue lasts.
  duration patience{30'000};
  /// While something waits that we cannot claim: next look with a slot free
  /// (then a claim) and without one (then a peek).
  duration rescan_free{25};
  duration rescan_full{3'000};
  /// The latter is later by a turn among the fleet: between two workers, and
  /// all in all.
  duration rescan_turn{100};
  duration rescan_turn_most{10'000};
  /// The former doubles up to this while claims find nothing.
  duration rescan_free_max{100};
  /// Least time between two peeks until something is found to wait.
  duration peek_spacing{250};
  giving_way::config manners;
  duration backoff_min{100};
  duration backoff_max{5'000};
  uint32_t peek_limit = 100;
  /// Rejections asked for after one peek.
  uint32_t rejections_max = 16;
};

struct wait_for_work {
  duration patience{0};
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
};
using effect = std::variant<wait_for_work, claim, peek, reject, deliver, report,
                            arm_timer, complain, tell>;
using effects = std::vector<effect>;

/// Why this job cannot run, whatever GPU is there; nothing when it can.
std::optional<failure> flaw_of(const job& x, double unix_s);

/// `now_s` is by the steady clock, as in `moment`.
class policy {
public:
  explicit policy(config cfg)
    : cfg_(cfg), manners_(cfg.manners), rescan_(cfg.rescan_free),
      backoff_(cfg.backoff_min) {
    // nop
  }

  effects on_capacity(msg::capacity x, double now_s);
  effects on_look_wanted(double now_s);
  effects on_head(const msg::queue_head& x, double now_s);
  effects on_wait_failed(const failure& why);
  effects on_claimed(msg::claimed_jobs x, const moment& now);
  effects on_claim_failed(const failure& why);
  effects on_peeked(msg::queue_snapshot x, const moment& now);
  effects on_peek_failed(const failure& why);
  effects on_rejected(const job_id& id, msg::claimed_jobs x, const moment& now);
  effects on_reject_failed(const job_id& id, const failure& why);
  effects on_timer(uint64_t generation, double now_s);

private:
  struct seen_job {
    job_id id;
    std::string type;
    double created_at_s = 0;
    /// Its `complete_by`, by the steady clock.
    std::optional<double> late_at_s;
    bool has_inputs = true;
  };

  std::vector<msg::claim_quota> open_quotas() const;
  msg::backlog to_report(const std::map<std::string, uint64_t>& counted) const;
  effects hand_over(msg::claimed_jobs x, const moment& now);
  void greet(const job& x, effects& out);
  effects next(double now_s);
  duration peek_spacing() const;
  duration until_first_deadline(double now_s) const;
  effects rescan_later(double now_s);
  effects back_off(std::string_view what, const failure& why);
  effects arm(duration delay, double now_s);
  void disarm();
  effects report_empty();
  void refuse(const job_id& id, effects& out);

  config cfg_;
  msg::capacity capacity_{{}, 0, false};
  /// Types of the jobs that the owner has not yet received, oldest first.
  std::deque<std::string> on_the_way_;
  uint64_t delivered_ = 0;
  /// The queue is believed to hold something.
  bool filled_ = false;
  bool waiting_ = false;
  double waits_since_s_ = 0;
  fleet_place place_;
  giving_way manners_;
  /// Leaves what is at the head to others for a moment.
  bool gives_way_ = false;
  /// A claim or a peek is under way.
  bool asking_ = false;
  bool backing_off_ = false;
  /// The owner was last told of waiting jobs.
  bool reported_ = false;
  /// The owner wants to be told.
  bool report_wanted_ = false;
  /// A claim has found nothing for the slots that are open now.
  bool futile_ = false;
  std::vector<msg::claim_quota> last_asked_;
  double asked_at_s_ = 0;
  double peeked_at_s_ = 0;
  duration last_took_{0};
  duration rescan_;
  /// When the rescan timer is due; 0: not armed.
  double timer_at_s_ = 0;
  std::set<job_id> rejecting_;
  /// A job whose id is no UUID has been seen, and the log told.
  bool told_of_odd_id_ = false;
  /// What the last peek showed and can run.
  std::vector<seen_job> seen_;
  duration backoff_;
  uint64_t generation_ = 0;
};

} // namespace render::queue_watcher
