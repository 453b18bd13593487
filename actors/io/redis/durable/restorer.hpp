#pragma once
// Writes again what Redis has lost (FLUSHALL, a restart without persistence, a
// failover to a replica that lagged), and what earlier processes have left in
// the journal: their jobs go back to the queue or are ended, their GPUs are
// left to whoever can use them.
#include "actors/io/redis/durable/durable.hpp"
#include "actors/io/redis/holdings.hpp"
#include "actors/io/redis/scripts/restore.hpp"

namespace render::job_store {

class restorer {
public:
  /// `gpus`: the ledger entries that are ours.
  restorer(durable& redis, const holdings& gpus);

  /// Says whether Redis has lost writes; if so, once they are written again.
  void check_loss(std::function<void(bool lost)> then);

  /// Redis is there: what earlier processes left is written.
  void replay_left();
  /// Once more, jobs of theirs that Redis knew the first time.
  void replay_known();
  /// Whether somebody has taken their GPUs over.
  void look_at_left_gpus();

private:
  using done = std::function<void()>;

  void answer_askers(bool lost);
  void restore_all();
  void on_restored();

  /// A lease of 0: nobody works on it.
  void restore(const held_job& x, milliseconds lease,
               std::function<void(restore_answer said)> then);
  void end_again(const held_job& x, done then);
  void deliver_again(const held_job& x, done then);

  void replay(const held_job& x, bool again);
  void replay(const held_gpu& x);
  void keep_left(const held_gpu& x, bool lost);
  script_call look_at(const held_gpu& x) const;

  durable& redis_;
  const holdings& gpus_;
  bool checking_ = false;
  std::vector<std::function<void(bool lost)>> askers_;
  /// Writes of `restore_all` that are not answered yet.
  size_t open_ = 0;
  /// Until Redis is there.
  held left_;
  /// Jobs that stand in Redis and have nobody to look after them.
  std::vector<held_job> known_;
};

} // namespace render::job_store
