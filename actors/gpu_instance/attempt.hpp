#pragma once
// One try to launch a GPU, or to find the one that an earlier try may have
// made. The next try is another object: nothing of this one is left in it.
// Pure.
#include "actors/gpu_instance/lookup.hpp"
#include "messages/moment.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <variant>
#include <vector>

namespace render::gpu_instance {

class launch_attempt {
public:
  /// The provider was asked what runs there already.
  struct listing {};
  /// The intent is being written into the ledger.
  struct recording {};
  /// The provider was asked for a GPU.
  struct calling {};
  /// It may have made one: its answer was lost.
  struct looking_up {
    failure why;
    /// Workloads that other launches have.
    std::set<workload_id> held = {};
    /// Looks that found nothing, and such that were not answered.
    uint32_t looks = 0;
    uint32_t failed = 0;
    /// Until the ledger has been read as well.
    std::optional<std::vector<gpu_workload>> listed = {};
  };
  /// No GPU came of it.
  struct over {};
  /// Its GPU is there.
  struct worked {};
  using phase
    = std::variant<listing, recording, calling, looking_up, over, worked>;

  /// `number` from 1. `recorded`: the ledger has an entry of this id, from a
  /// try before.
  launch_attempt(uint32_t number, ledger_id entry_id, workload_type type,
                 bool recorded);

  /// Another process' launch, or another actor's. `sent_at_s`: its intent by
  /// the steady clock.
  launch_attempt(uint32_t number, gpu_entry intent, double sent_at_s, phase at);

  template <class Phase>
  bool is() const noexcept {
    return std::holds_alternative<Phase>(phase_);
  }

  uint32_t number() const noexcept {
    return number_;
  }

  /// What the ledger knows of the launch alone: no workload, no state.
  const gpu_entry& intent() const noexcept {
    return intent_;
  }

  /// `intent().intent_s` by the steady clock.
  double sent_at_s() const noexcept {
    return sent_at_s_;
  }

  /// The ledger has, or is about to have, an entry of this id.
  bool recorded() const noexcept {
    return recorded_;
  }

  /// Only while it is being looked for, else null.
  looking_up* lookup() noexcept {
    return std::get_if<looking_up>(&phase_);
  }

  // -- from phase to phase

  void record(const std::vector<gpu_workload>& before, int64_t expires_s,
              const moment& now);
  void call();
  void look_up(failure why, std::set<workload_id> held = {});
  /// Nothing runs under this intent, and the ledger is to be told.
  void refuse();
  void give_up();
  void succeed();

  /// The latest list, beside a ledger that was read later. Requires a list.
  finding compare(const msg::gpus_seen& ledger);

private:
  uint32_t number_;
  gpu_entry intent_;
  double sent_at_s_ = 0;
  bool recorded_;
  phase phase_;
};

} // namespace render::gpu_instance
