#pragma once
// The actors that know of other workers; none without C3_CLUSTER_LISTEN.
#include "actors/io/peers/peers.hpp"
#include "app/node/config.hpp"
#include "app/node/wiring.hpp"

namespace render {

struct cluster_actors {
  dialler_actor dialler;
  peers_actor peers;
};

/// In the order of start.
named_parts parts_of(const cluster_actors& x);

/// Where others are told to reach this worker: the address that it listens on,
/// or that of the way out of this machine if it listens on all. Fails as
/// `invalid_input`.
result<peers::address> told_address(const network_address& listen);

/// The system must have its network loaded. `where`: the told address.
cluster_actors spawn_cluster(caf::actor_system& system,
                             const worker_config& cfg, peers::address where,
                             const node_surroundings& around);

} // namespace render
