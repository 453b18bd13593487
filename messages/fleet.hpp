#pragma once
// What the workers of a fleet tell each other about themselves. These words
// save money and time only: they may be late, doubled, lost or false. Whose a
// job or a GPU is, Redis alone knows.
#include "messages/ids.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace render {

/// How long something took lately, seconds.
struct measured {
  /// Samples behind it; 0: not known.
  uint32_t count = 0;
  double median_s = 0;
  /// Nine of ten took no longer.
  double ninth_s = 0;

  friend bool operator==(const measured&, const measured&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, measured& x) {
  return f(x.count, x.median_s, x.ninth_s);
}

/// A worker's GPUs of one workload type.
struct type_facts {
  workload_type type;
  uint32_t slots_per_gpu = 1;
  /// Rented, in any phase.
  uint32_t gpus = 0;
  /// On ready GPUs that have not failed lately.
  uint32_t free_slots = 0;
  /// Of each GPU that boots: when it should be ready. Seconds after the facts
  /// were told; below 0: overdue.
  std::vector<double> boots_left_s;
  /// Of each job that runs: when it should end. As above.
  std::vector<double> runs_left_s;
  /// From launch to ready.
  measured boot;
  /// From claim to end, of each job kind.
  std::array<measured, 4> runs{};

  friend bool operator==(const type_facts&, const type_facts&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, type_facts& x) {
  return f(x.type, x.slots_per_gpu, x.gpus, x.free_slots, x.boots_left_s,
           x.runs_left_s, x.boot, x.runs);
}

/// What a worker tells of itself.
struct worker_facts {
  bool draining = false;
  /// Why it claims nothing: "disk" …; empty: it claims.
  std::string unfit;
  std::vector<type_facts> types;

  friend bool operator==(const worker_facts&, const worker_facts&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, worker_facts& x) {
  return f(x.draining, x.unfit, x.types);
}

/// Another worker that counts as alive.
struct fleet_member {
  node_id who;
  /// Of its program.
  std::string version;
  worker_facts facts;
  /// When it told them, as far as this worker knows; seconds by the steady
  /// clock, as in `moment`.
  double told_s = 0;
  /// Somebody has lost sight of it.
  bool doubted = false;
  /// This worker has a link to it, and does not know of it by others only.
  bool linked = false;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, fleet_member& x) {
  return f(x.who, x.version, x.facts, x.told_s, x.doubted, x.linked);
}

namespace msg {

/// SUPERVISOR → PEERS, when they have changed.
struct tell_fleet {
  worker_facts facts;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, tell_fleet& x) {
  return f(x.facts);
}

/// PEERS → SUPERVISOR, on change.
struct fleet_view {
  /// Without this worker, by name.
  std::vector<fleet_member> others;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, fleet_view& x) {
  return f(x.others);
}

/// SUPERVISOR → JOB STORE: these GPUs of this worker are `to`'s from now on.
struct hand_over_gpus {
  std::vector<ledger_id> entries;
  worker_id to;
  /// Seconds that each has had no job; 0 for those that are not named.
  std::map<ledger_id, double> idle_s = {};
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, hand_over_gpus& x) {
  return f(x.entries, x.to, x.idle_s);
}

/// Answer: the entries that have changed hands. The others are still this
/// worker's, or nobody's any more.
struct gpus_handed_over {
  std::vector<ledger_id> entries;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, gpus_handed_over& x) {
  return f(x.entries);
}

/// Between PEERS and SUPERVISOR, both ways: the launch ledger holds GPUs for
/// `to`, which `from` has given it. Their owner finds them without it too,
/// later.
struct gpus_given {
  worker_id from;
  worker_id to;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, gpus_given& x) {
  return f(x.from, x.to);
}

/// Asks PEERS for `peers_report`.
struct get_peers {};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, get_peers&) {
  return f();
}

/// A link to another worker.
struct peer_link {
  /// Empty until its hello.
  node_id peer;
  /// This worker has begun it.
  bool dialled = false;
  /// Since when it is up, seconds.
  double age_s = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, peer_link& x) {
  return f(x.peer, x.dialled, x.age_s);
}

struct peers_report {
  std::vector<fleet_member> members;
  std::vector<peer_link> links;
  /// Since the start.
  uint64_t frames_sent = 0;
  uint64_t bytes_sent = 0;
  uint64_t frames_received = 0;
  uint64_t bytes_received = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, peers_report& x) {
  return f(x.members, x.links, x.frames_sent, x.bytes_sent, x.frames_received,
           x.bytes_received);
}

} // namespace msg

} // namespace render
