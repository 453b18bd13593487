#include "app/node/cluster.hpp"

#include "actors/io/peers/own_address.hpp"
#include "app/node/cluster_settings.hpp"

#include <utility>

namespace render {

namespace {

// Few names are looked up, and seldom.
constexpr size_t look_up_threads = 2;
constexpr size_t look_ups_waiting = 64;

} // namespace

result<peers::address> told_address(const network_address& listen) {
  peers::address out{listen.host, listen.port};
  if (!is_any_address(listen.host))
    return out;
  auto own = peers::own_address(listen.host == "::");
  if (!own)
    return fail(with_context("C3_CLUSTER_LISTEN: " + listen.host, own.error()));
  out.host = std::move(*own);
  return out;
}

named_parts parts_of(const cluster_actors& x) {
  if (!x.peers)
    return {};
  return {{"DIALLER", caf::actor_cast<caf::actor>(x.dialler)},
          {"PEERS", caf::actor_cast<caf::actor>(x.peers)}};
}

cluster_actors spawn_cluster(caf::actor_system& system,
                             const worker_config& cfg, peers::address where,
                             const node_surroundings& around) {
  peers_config how;
  how.membership.cluster = cfg.cluster_name;
  how.membership.self = {cfg.worker_id,
                         static_cast<uint64_t>(around.now() * 1'000)};
  how.membership.where = std::move(where);
  how.membership.version = cfg.program_version;
  how.listen = {cfg.cluster_listen.host, cfg.cluster_listen.port};
  for (auto& x : cfg.cluster_peers)
    how.seeds.push_back({x.host, x.port});
  how.seed = around.new_seed();
  cluster_actors out;
  out.dialler = system.spawn(dialler_behavior);
  out.peers = system.spawn(peers_behavior, std::move(how),
                           peers_deps{out.dialler,
                                      std::make_shared<threaded_resolver>(
                                        look_up_threads, look_ups_waiting),
                                      around.log});
  return out;
}

} // namespace render
