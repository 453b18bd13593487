#pragma once
// What an operator wishes of a worker or a GPU. The worker reads it with its
// next heartbeat, within 10 s.
#include "app/records/redis.hpp"

#include <string>

namespace render::records {

struct wished {
  enum class how : uint8_t {
    told,
    /// There is no such worker or GPU, or it has no worker that lives.
    missing,
    /// It drains, or stops, already.
    under_way,
  };
  how outcome = how::told;
  /// The worker that reads it.
  std::string worker;
};

/// The worker takes no more jobs, ends those it has, and ends, as after a
/// signal. One of the same name that is started later is not meant.
result<wished> drain_worker(redis& db, const std::string& worker,
                            const std::string& by);

/// The GPU takes no more jobs, and stops when it has none. `id`: of its entry
/// in the launch ledger.
result<wished> drain_gpu(redis& db, const std::string& id,
                         const std::string& by);

/// The GPU stops at once; its jobs begin again elsewhere, uncounted.
result<wished> stop_gpu(redis& db, const std::string& id,
                        const std::string& by);

} // namespace render::records
