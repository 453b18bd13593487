#pragma once
// The launch ledger in memory. A test reads the entries, and takes them away
// as another worker would.
#include "messages/failure_caf.hpp"
#include "messages/job_store_actor.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace render::harness {

struct fake_gpu_ledger {
  std::map<std::string, gpu_entry> entries;
  std::vector<msg::close_gpu> closed;
  /// Ids of entries that were left to others.
  std::vector<std::string> left;
  /// Ids that the SUPERVISOR confirmed last.
  std::vector<ledger_id> confirmed;
  /// Ids of entries that another worker has taken over.
  std::set<std::string> taken;
  /// Entries of a dead worker, for the next look.
  std::vector<gpu_entry> orphans;
  /// Entries that were given to another worker, which has not taken them yet.
  std::vector<gpu_entry> given;
  /// Writes fail as if Redis were down.
  bool outage = false;

  caf::result<caf::ok_atom> write(const msg::write_gpu& x);

  caf::result<caf::ok_atom> close(const msg::close_gpu& x);

  caf::result<msg::gpus_handed_over> hand_over(const msg::hand_over_gpus& x);

  msg::gpus_taken take();

  caf::result<msg::gpus_seen> view(const workload_type& type) const;
};

using fake_gpu_ledger_ptr = std::shared_ptr<fake_gpu_ledger>;

gpu_ledger_actor::behavior_type
fake_gpu_ledger_behavior(gpu_ledger_actor::pointer, fake_gpu_ledger_ptr world);

} // namespace render::harness
