#pragma once
// What becomes of the GPUs of a worker that leaves: which of them wait for
// their last job, and which have been offered to whom. Pure.
#include "actors/supervisor/recipient.hpp"

#include <set>
#include <vector>

namespace render::supervisor {

// What the policy asks for.

struct hand_over {
  msg::hand_over_gpus what;
};
/// It is another worker's: its GPU INSTANCE touches it no more.
struct let_go_of_gpu {
  uint64_t instance = 0;
  render::ledger_id ledger_id;
};
struct tell_given {
  worker_id to;
};

class farewell {
public:
  void see(msg::fleet_view x) {
    fleet_ = std::move(x);
  }

  /// None: a GPU of this type stops.
  std::optional<worker_id> recipient(const workload_type& type) const {
    return recipient_of(fleet_, type, given_);
  }

  /// It is given away when its last job has ended.
  void keep(uint64_t instance) {
    kept_.insert(instance);
  }

  std::set<uint64_t> kept() const {
    return kept_;
  }

  /// Its last job has failed as if the GPU were at fault.
  void distrust(uint64_t instance) {
    distrusted_.insert(instance);
  }

  bool trusts(uint64_t instance) const {
    return !distrusted_.contains(instance);
  }

  /// It has ended, or is to be stopped.
  void forget(uint64_t instance);

  /// With the next orders. It has had no job for `idle_s` seconds.
  void offer(uint64_t instance, const ledger_id& id, const worker_id& to,
             double idle_s);
  /// One for each worker that gets some.
  std::vector<msg::hand_over_gpus> take_orders();

  /// Nobody knows what came of it: when the timer of this generation is due, it
  /// is asked for again.
  void put_off(uint64_t generation, msg::hand_over_gpus what) {
    put_off_[generation] = std::move(what);
  }
  std::optional<msg::hand_over_gpus> due(uint64_t generation);

  /// The GPU whose offer is answered; none when it has ended meanwhile.
  std::optional<uint64_t> answered(const ledger_id& id);

private:
  msg::fleet_view fleet_;
  gifts given_;
  std::set<uint64_t> kept_;
  std::set<uint64_t> distrusted_;
  std::map<ledger_id, uint64_t> offered_;
  std::map<worker_id, msg::hand_over_gpus> orders_;
  std::map<uint64_t, msg::hand_over_gpus> put_off_;
};

} // namespace render::supervisor
