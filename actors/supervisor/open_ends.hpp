#pragma once
// Ends of jobs that the JOB STORE has been asked to write, and has not answered
// for. Pure.
#include "actors/supervisor/effects.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace render::supervisor {

class open_ends {
public:
  using end = std::shared_ptr<const settle>;

  /// The JOB STORE keeps trying by itself; asked again after this, it just
  /// waits on.
  static constexpr std::chrono::seconds patience{60};

  /// A later question about a job takes the place of the one before it. Returns
  /// the question's number, which tells its answer from one to an earlier.
  uint64_t ask(end what, double now_s);

  /// Takes what was asked. Null: it was asked again since, or is answered.
  end take(const job_id& id, uint64_t number);

  /// Takes those that have had no answer for `patience`, in the order of
  /// their jobs' ids.
  std::vector<end> take_late(double now_s);

private:
  struct question {
    end what;
    uint64_t number = 0;
    double since_s = 0;
  };

  std::map<job_id, question> open_;
  uint64_t last_ = 0;
};

} // namespace render::supervisor
