#pragma once
// Decides whom a worker is linked with, whom it counts as alive, and what it
// passes on. Each worker is linked with a few others only (all of a small
// fleet), and words travel from link to link. Pure: no actors, no sockets, no
// clock. All times are seconds by the steady clock, as in `moment`.
//
// How the end of a worker is noticed: whoever has a link to it gets no answer
// to pings, or the connection breaks, and tells the fleet of a doubt. A worker
// that hears of a doubt about itself says a new word, which ends the doubt. A
// doubt that nobody ends makes the worker count as gone.
#include "actors/io/peers/contacts.hpp"
#include "actors/io/peers/wire.hpp"
#include "actors/say.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace render::peers {

/// Given by the shell: one for each process that frames come from or go to,
/// until the connection to it breaks. A link may end and begin again under the
/// same id.
using link_id = uint64_t;

struct config {
  std::string cluster;
  node_id self;
  /// Others reach this worker here.
  address where;
  /// Of the program.
  std::string version;
  /// Between the pings of a link, seconds.
  double ping_s = 3;
  /// A link on which no ping was answered for so long is ended.
  double silent_s = 12;
  /// How long a worker has to answer a doubt.
  double doubt_s = 8;
  /// A word that has not changed is said again this often …
  double refresh_s = 60;
  /// … and who has said none for so long is gone, even if nobody doubts it.
  double unheard_s = 180;
  /// From the begin of a link to the peer's hello.
  double greeting_s = 5;
  /// Words are gathered for so long before they are sent, changes before they
  /// are told.
  double gather_s = 0.05;
  /// How long the other side of a missing link has to connect.
  double courtesy_s = 2;
  /// Between attempts at an address behind which nobody is known: the only way
  /// for two halves of a fleet to find each other again.
  double heal_s = 20;
  /// A link that the fleet no longer needs is kept for so long.
  double surplus_s = 60;
  /// A timer that is later than this tells that the process itself has slept,
  /// so that the others' silence means nothing.
  double slept_s = 2;
  /// How long the others have to take note of this worker's leave.
  double leave_s = 0.6;
  /// Up to so many others, each worker is linked with all.
  size_t mesh = 8;
  /// Doubts and ends of workers are remembered for so long after their last
  /// word, so that an old one does not bring them back to life.
  double remembered_s = 600;
  /// Further workers are not taken note of.
  size_t most_workers = 2'000;
  pace retries;
};

/// The answer is on_connected() or on_connect_failed().
struct connect {
  address to;
};
struct send {
  link_id link = 0;
  message what;
};
struct arm_timer {
  uint64_t generation = 0;
  std::chrono::milliseconds delay{0};
};
/// `fleet()` has changed.
struct changed {};
/// A peer has given GPUs to this worker.
struct take_gift {
  worker_id from;
};
/// The others know that this worker leaves, or have had their time.
struct finish {};

using effect
  = std::variant<connect, send, arm_timer, changed, take_gift, finish, say>;
using effects = std::vector<effect>;

/// Another worker that counts as alive.
struct member {
  word last;
  /// When it has said its last word, as far as this worker knows.
  double told_s = 0;
  /// Somebody has lost sight of it.
  bool doubted = false;
  bool linked = false;
};

class membership {
public:
  membership(config cfg, uint64_t seed);

  /// The addresses of C3_CLUSTER_PEERS, as far as they are known by now.
  effects on_seeds(const std::vector<address>& all, double now_s);
  /// There may be a link to that process already.
  effects on_connected(const address& to, link_id link, double now_s);
  effects on_connect_failed(const address& to, const failure& why,
                            double now_s);
  /// A hello on an unknown link begins it.
  effects on_message(link_id from, const message& what, double now_s);
  /// A frame that is none, or of another protocol. Ends the link.
  effects on_bad_frame(link_id from, const failure& why, double now_s);
  /// The connection has broken; the id is of no use any more.
  effects on_link_down(link_id which, double now_s);
  effects on_timer(uint64_t generation, double now_s);

  /// What this worker says of itself from now on: a JSON object.
  effects tell(std::string facts, double now_s);
  /// Tells a worker of GPUs that it has been given. Without a link to it the
  /// word is lost.
  effects give(const worker_id& to, double now_s);
  /// The last word of this worker; `finish` follows.
  effects leave(double now_s);

  std::vector<member> fleet() const;

  const node_id& self() const noexcept {
    return own_.who;
  }

  const std::string& cluster() const noexcept {
    return cfg_.cluster;
  }

  struct link_report {
    node_id peer;
    bool dialled = false;
    double since_s = 0;
  };
  std::vector<link_report> links() const;

private:
  struct link {
    /// Empty: the peer has connected.
    std::optional<address> dialled;
    /// Empty until its hello.
    std::optional<node_id> peer;
    uint64_t peer_number = 0;
    /// Of this worker's hello; 0: not said yet.
    uint64_t number = 0;
    double since_s = 0;
    /// When the last answered ping was sent.
    double proven_s = 0;
    double pinged_s = 0;
    /// The latest word on each name that went over it, either way.
    std::map<worker_id, word_rank> told;
    /// All words have been sent over it, and since then the fresh ones.
    bool knows_all = false;
    std::optional<double> surplus_s;
  };
  struct known {
    word last;
    double told_s = 0;
    std::optional<double> doubted_s;
    /// Has left, or counts as dead.
    bool gone = false;
    double unlinked_s = 0;
  };

  void on(link_id id, link& l, const hello& x, double now_s);
  void on(link_id id, link& l, const refusal& x, double now_s);
  void on(link_id id, link& l, const bye& x, double now_s);
  void on(link_id id, link& l, const ping& x, double now_s);
  void on(link_id id, link& l, const pong& x, double now_s);
  void on(link_id id, link& l, const news& x, double now_s);
  void on(link_id id, link& l, const given& x, double now_s);
  void on(link_id id, link& l, const unknown& x, double now_s);
  /// Why there can be no link with it; empty: there can.
  std::string flaw_of(const hello& x) const;
  void warn_once(const std::string& whom, const std::string& what);

  void hear(const word& x, double now_s);
  void hear_of_self(const word& x, double now_s);
  void doubt(const worker_id& name, double now_s);
  void say_own_word(double now_s);
  void note_change(double now_s);
  void pass_on(const worker_id& about, double now_s);

  link& link_of(link_id id, double now_s);
  void greet(link_id id, link& l, uint64_t answers);
  void drop(link_id id, double now_s);
  void end(link_id id, message last, double now_s);
  bool is_linked(const worker_id& name) const;
  size_t place_of(const worker_id& x) const;
  /// Whom this worker wants links with, if it has none.
  std::vector<worker_id> wanted() const;
  bool wants(const worker_id& from, const worker_id& to) const;
  void order_ring();

  void notice_sleep(double now_s);
  void look_after_links(double now_s);
  void look_after_members(double now_s);
  void look_for_links(double now_s);
  void heal(double now_s);
  void flush(double now_s);
  void flush(link_id id, link& l, double now_s);
  void look_after_leave(double now_s);
  double next_due(double now_s) const;
  effects done(double now_s);

  config cfg_;
  word own_;
  double own_said_s_ = 0;
  /// Since when this worker leaves.
  std::optional<double> leaving_s_;
  bool finished_ = false;
  std::map<link_id, link> links_;
  uint64_t link_numbers_ = 0;
  /// Processes that have sent garbage, and until when nobody listens to them.
  std::map<link_id, double> shunned_;
  std::map<worker_id, known> known_;
  /// This worker and all that count as alive, by name.
  std::vector<worker_id> ring_;
  contacts contacts_;
  /// On whom there are new words since the last flush.
  std::set<worker_id> fresh_;
  /// When words that have not been sent to all are due.
  std::optional<double> flush_s_;
  /// When a change is due to be told.
  std::optional<double> change_s_;
  double healed_s_ = 0;
  /// What was said once about whom.
  std::map<std::string, std::string> warned_;
  /// Something has happened since links and members were looked after.
  bool stale_ = true;
  uint64_t generation_ = 0;
  /// When the timer of that generation fires.
  std::optional<double> armed_s_;
  std::mt19937_64 dice_;
  effects out_;
};

} // namespace render::peers
