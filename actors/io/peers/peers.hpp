#pragma once
// The PEERS actor: carries out what the membership decides, and tells this
// worker's SUPERVISOR of the others. When it dies, the ROOT ends the worker.
#include "actors/io/http/resolver.hpp"
#include "actors/io/peers/dialler.hpp"
#include "actors/io/peers/facts.hpp"
#include "actors/io/peers/frame.hpp"
#include "actors/io/peers/membership.hpp"
#include "actors/io/peers/seeds.hpp"
#include "actors/log.hpp"

#include <caf/all.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace render {

/// Hears of the other workers.
using fleet_listener_actor = caf::typed_actor<
  // On change.
  caf::reacts_to<msg::fleet_view>,
  // A peer has given GPUs to this worker.
  caf::reacts_to<msg::gpus_given>>;

/// PEERS as those of other workers see it.
using remote_peers_actor = caf::typed_actor<caf::reacts_to<peers::frame>>;

/// The PEERS actor interface.
using peers_actor = caf::typed_actor<
  // What this worker tells of itself from now on. Whoever sends it hears of the
  // others.
  caf::reacts_to<msg::tell_fleet>,
  // Tells another worker of GPUs that are its own now. A hint: it may be lost.
  caf::reacts_to<msg::gpus_given>,
  // For the status port.
  caf::replies_to<msg::get_peers>::with<msg::peers_report>,
  // From other workers' PEERS.
  caf::reacts_to<peers::frame>,
  // INTERNAL: the addresses of a name; the last text says why there are none.
  caf::reacts_to<caf::put_atom, std::string, std::vector<std::string>,
                 std::string>,
  // INTERNAL: timers.
  caf::reacts_to<msg::timer_due>>;

struct peers_config {
  peers::config membership;
  /// The port is opened here.
  peers::address listen;
  std::vector<peers::address> seeds;
  uint64_t seed = 0;
};

struct peers_deps {
  dialler_actor dialler;
  std::shared_ptr<name_resolver> names;
  logger log;
};

struct peers_state {
  static inline const char* name = "peers";

  std::unique_ptr<peers::membership> policy;
  std::unique_ptr<peers::seeds> seeds;
  /// Processes that frames come from or go to.
  std::map<peers::link_id, remote_peers_actor> handles;
  std::map<caf::actor_addr, peers::link_id> ids;
  peers::link_id last_id = 0;
  /// None until it has told something.
  fleet_listener_actor listener;
  /// Read once a word.
  std::map<worker_id, std::pair<peers::word_rank, worker_facts>> facts;
  msg::peers_report counts;
};

peers_actor::behavior_type
peers_behavior(peers_actor::stateful_pointer<peers_state> self,
               peers_config cfg, peers_deps deps);

} // namespace render
