#pragma once
// A job from its claim until it is settled or released. It is leased while its
// owner confirms it, by a list of all its claims or by any request about it.
#include "actors/io/redis/durable/restorer.hpp"
#include "actors/io/redis/ownership_watch.hpp"
#include "actors/io/redis/told_attempts.hpp"
#include "actors/io/redis/written_progress.hpp"
#include "messages/confirmations.hpp"

#include <memory>
#include <optional>

namespace render::job_store {

class job_ends {
public:
  job_ends(durable& redis, restorer& restores)
    : redis_(redis), restorer_(restores),
      watch_(redis, [this](const msg::report_progress& x,
                           answer_to<msg::ownership> then) {
        // Nobody renders what has ended.
        if (auto* y = redis_.find(x.job_id, x.fence); y && y->outcome)
          return then(msg::ownership{false, "ended"});
        progress(x, std::move(then));
      }) {
    // nop
  }

  /// The write with this number claimed it.
  void take(const job& x, write_number number);

  const holdings& claimed() const {
    return claimed_;
  }

  void confirm(const msg::confirm_jobs& x);
  void progress(const msg::report_progress& x, answer_to<msg::ownership> then);
  void note_remote(const msg::note_remote& x);
  void note_attempt(const msg::note_attempt& x);
  void settle(const msg::settle_job& x, answer_to<msg::job_settled> then);
  void release(const msg::release_job& x, answer_to<void> then);

  /// For the patient ones who asked whose their job is.
  void watch() {
    watch_.ask();
  }

  // -- for `leases`

  /// True: there were such jobs. The queue puts them back.
  bool give_up_unconfirmed();
  void renew();

private:
  /// Whether Redis may have lost that the job is ours: asked about once.
  enum class loss : bool { excluded, possible };

  void confirm(const std::string& id, uint64_t fence);
  void progress(const msg::report_progress& x, loss may_be,
                answer_to<msg::ownership> then);
  /// A job, its end, and what is told of its attempt: kept for each try.
  struct ending {
    held_job job;
    told_attempts::attempt seen;
  };

  void settle(const std::shared_ptr<const ending>& x, loss may_be,
              answer_to<msg::job_settled> then);
  void forget(const std::string& id, uint64_t fence);
  void drop(const std::string& id, uint64_t fence);
  bool are_locks_due() const;
  void on_renewed(const std::map<std::string, uint64_t>& asked,
                  const answer& got);
  void on_not_ours(const std::string& id, uint64_t fence);

  durable& redis_;
  restorer& restorer_;
  /// Neither settled nor released.
  holdings claimed_;
  written_progress progress_;
  told_attempts told_;
  ownership_watch watch_;
  /// When the locks of all were renewed last.
  std::optional<durable::time_point> locks_renewed_;
};

} // namespace render::job_store
