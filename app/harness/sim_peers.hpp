#pragma once
// What carries the workers' words from one to another, in place of a network:
// they come a moment later. Faults lose them, double them and delay them, cut
// workers off from each other, and have a worker tell what is not so.
#include "app/harness/virtual_time.hpp"
#include "messages/fleet_actors.hpp"
#include "messages/worker_actors.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>

namespace render::harness {

class sim_peers {
public:
  sim_peers(virtual_time& time, uint64_t seed) : time_(time), dice_(seed) {
    // nop
  }

  /// Of a word, from one worker to another.
  double low_s = 0.2;
  double high_s = 0.3;
  /// Part of the words that never come, that come twice, and that come up to
  /// half a minute late, after newer ones.
  double lost = 0;
  double doubled = 0;
  double late = 0;
  /// Clients that tell what is not so.
  std::set<uint64_t> liars;

  /// From now on no word of `from` comes to `to`, which doubts it soon and
  /// forgets it later. A cut of both ways takes two calls.
  void cut(uint64_t from, uint64_t to);
  void mend(uint64_t from, uint64_t to);

  fleet_voice_actor spawn_voice(uint64_t client, const worker_id& name);
  void listen(uint64_t client, supervisor_actor ear);
  /// A worker has ended. Without a goodbye the others doubt it first.
  void leave(uint64_t client, bool says_goodbye);

  void tell(uint64_t client, worker_facts facts);
  /// Passes it on, if it is not lost.
  void give(uint64_t client, const msg::gpus_given& x);

  /// Words that were sent to one worker each.
  uint64_t words() const noexcept {
    return words_;
  }

private:
  using word = std::shared_ptr<const fleet_member>;
  struct listener {
    node_id who;
    supervisor_actor ear;
    std::map<node_id, fleet_member> known;
    virtual_duration shown{0};
    /// By the time at which they come.
    std::multimap<virtual_duration, std::pair<uint64_t, word>> under_way;
    bool awaited = false;
    bool gone = false;
  };

  void send(uint64_t from, uint64_t to, const word& what);
  void await_next(uint64_t to);
  void hear(uint64_t to);
  void show(listener& x);
  void doubt(uint64_t client, listener& by);
  void forget(uint64_t client, listener& by);
  worker_facts invented(worker_facts x);

  virtual_time& time_;
  dice dice_;
  std::map<uint64_t, listener> listeners_;
  /// The last word of each.
  std::map<uint64_t, word> last_;
  /// From, to; a number of its own for each cut.
  std::map<std::pair<uint64_t, uint64_t>, uint64_t> cuts_;
  uint64_t last_cut_ = 0;
  uint64_t words_ = 0;
};

} // namespace render::harness
