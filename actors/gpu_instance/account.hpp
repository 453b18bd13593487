#pragma once
// Whose the rented time of one GPU is, to the millisecond. Pure: no actors, no
// I/O, no clock. The rule is in docs/money.md:
//
// - While n jobs run, each owns an nth.
// - The boot, and each time without a job, belongs to the jobs that begin next:
//   it is shared equally by those that run when the first of them ends. So a
//   share is final when its job ends.
// - What comes after the last job, and before this account, is no job's.
#include "messages/gpu.hpp"

#include <cstdint>
#include <vector>

namespace render::gpu_instance {

/// Times are seconds by the steady clock, as in `moment`. A time before the
/// last one counts as the last one.
class account {
public:
  /// `launched_s`: since when it is rented. `since_s`: since when it is known
  /// what it does; later than `launched_s` for a GPU that was taken over.
  void open(ledger_id id, workload_type type, double launched_s,
            double since_s);
  bool is_open() const noexcept {
    return open_;
  }

  /// From here on it can run jobs.
  void ready(double now_s);
  /// From here on it takes no job.
  void leave(double now_s);
  /// All three, by what the GPU INSTANCE tells of it. `adopted`: it was
  /// launched by somebody else.
  void follow(const msg::gpu_update& x, const workload_type& type, bool adopted,
              double now_s);
  void begin(const job_id& id, double now_s);
  /// A share of nothing, without a GPU, for a job that it does not know.
  gpu_share end(const job_id& id, double now_s);
  /// All until now. Jobs that still run have no share yet.
  gpu_split split(double now_s);

private:
  enum class stage : uint8_t { boots, serves, leaves };

  void pass_to(double now_s);
  void share_idle_time();

  bool open_ = false;
  stage stage_ = stage::boots;
  int64_t at_ms_ = 0;
  /// The GPU's name is in it.
  gpu_share blank_;
  /// Waits for the jobs that begin next.
  gpu_share pot_;
  gpu_split split_;
  /// In the order in which they began.
  std::vector<gpu_share> running_;
};

} // namespace render::gpu_instance
