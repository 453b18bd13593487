#pragma once
// When leases are renewed, and when those that have run out are taken from dead
// workers.
#include "actors/io/redis/gpu_ledger.hpp"
#include "actors/io/redis/queue.hpp"
#include "actors/io/redis/takeover_grace.hpp"

namespace render::job_store {

class leases {
public:
  leases(durable& redis, restorer& restores, queue& waiting, job_ends& jobs,
         gpu_ledger& gpus);

  void start();
  void on_up();
  void on_down();
  /// Redis was not willing to write.
  void on_refusal();

  /// All that is ours; gives back first what nobody here confirms.
  void renew();
  /// Puts jobs of dead workers back into the queue.
  void recover();
  /// Takes GPUs of dead workers over.
  void take_gpus(const msg::take_gpus& x, answer_to<msg::gpus_taken> then);

private:
  bool may_take_over() const;
  bool tries_to_write() const;
  void try_to_write();
  milliseconds next_look(int64_t due_ms) const;

  durable& redis_;
  restorer& restorer_;
  queue& queue_;
  job_ends& jobs_;
  gpu_ledger& gpus_;
  takeover_grace grace_;
  bool renewing_ = false;
};

} // namespace render::job_store
