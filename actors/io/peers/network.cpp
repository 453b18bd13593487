#include "actors/io/peers/network.hpp"

#include "actors/io/peers/frame.hpp"
#include "actors/io/peers/wire.hpp"

#include <caf/detail/get_root_uuid.hpp>
#include <caf/io/middleman.hpp>

#include <chrono>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

// CAF makes a node's identity of the machine's MAC addresses, the id of its
// root file system and the process id. Containers may have all three in common
// (the worker is process 1 in each), and CAF refuses a connection between equal
// identities. CAF 0.17.6 has no setting for it, so this definition takes the
// place of the library's: the linker prefers the program's own. Nothing decides
// by it, so that it needs no seed; two processes must never draw the same.
std::string caf::detail::get_root_uuid() {
  std::random_device device;
  char out[37];
  auto part = [&] {
    return static_cast<unsigned>(device() & 0xffff);
  };
  std::snprintf(out, sizeof(out), "%04x%04x-%04x-%04x-%04x-%04x%04x%04x",
                part(), part(), part(), part(), part(), part(), part(), part());
  return out;
}

namespace render::peers {

namespace {

// Shorter ones would also cut connections that are still being made: CAF drops
// those at its first beat.
constexpr std::chrono::seconds beat{10};
// Of two beats one may be late.
constexpr std::chrono::seconds patience{20};

} // namespace

void add_frame_type(caf::actor_system_config& cfg) {
  cfg.add_message_types<caf::id_block::render_wire>();
}

void load_network(caf::actor_system_config& cfg) {
  cfg.load<caf::io::middleman>();
  add_frame_type(cfg);
  // Others, also workers of another protocol, are turned away by CAF itself.
  cfg.set(
    "middleman.app-identifiers",
    std::vector<std::string>{"c3-render-worker/" + std::to_string(protocol)});
  cfg.set("middleman.heartbeat-interval", caf::timespan{beat});
  cfg.set("middleman.connection-timeout", caf::timespan{patience});
  // The membership decides who is linked with whom.
  cfg.set("middleman.enable-automatic-connections", false);
}

} // namespace render::peers
