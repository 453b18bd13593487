#pragma once
// The spans of a job's attempts and of what it waited for. Follows what the
// policy does, and decides nothing. Pure.
//
// The first attempt is a child of the producer's span. Each later one is the
// root of a trace of its own that links to the first, so that no trace grows
// without end; after a claim by another worker, to the producer's span.
#include "actors/tracer.hpp"
#include "messages/confirmations.hpp"
#include "messages/gpu.hpp"
#include "messages/moment.hpp"
#include "messages/queue.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace render::supervisor {

class attempt_spans {
public:
  explicit attempt_spans(tracer ids) : ids_(std::move(ids)) {
    // nop
  }

  void on_gpu_update(const msg::gpu_update& x, double now_s);
  /// Its actor has ended without a word.
  void on_gpu_died(uint64_t instance);

  void on_claimed(const job& x, const moment& now);
  /// Tells the task its span.
  void on_placed(msg::run_job& task, uint64_t instance, const moment& now);
  /// It has left its GPU, or its renderer has ended.
  void on_left(const job_id& id, const job_outcome& outcome, double now_s);
  void on_attempt_failed(const msg::note_attempt& x, const moment& now);
  /// Tells the outcome the attempt's span. Told twice, it ends once.
  void on_end(msg::settle_job& x, const moment& now);
  void on_returned(const job_id& id, const moment& now);
  /// Its end, or its way back, is written.
  void on_written(const job_id& id);
  /// What is not held any more has ended without a word.
  void keep(const msg::confirm_jobs& held, const moment& now);

  /// The attempt under way; none: there is none.
  span_context of(const job_id& id) const;

  /// Those that have ended since the last time.
  std::vector<span> take();

  /// GPUs that are known.
  size_t gpus() const noexcept {
    return gpus_.size();
  }

private:
  struct attempt {
    span_context at;
    uint64_t parent = 0;
    std::vector<span_context> links;
    /// Of the job's first attempt here.
    span_context first;
    std::string type;
    uint32_t number = 0;
    /// By the steady clock.
    double start_s = 0;
    double left_s = 0;
    bool waits = true;
    /// Only its end is not written yet.
    double over_s = 0;
    std::string error;
    std::string workload;
    ledger_id gpu;
  };

  struct gpu {
    workload_type type;
    ledger_id entry;
    span_context boot;
    double ready_s = 0;
  };

  void end(const job_id& id, attempt& x, const std::string& outcome,
           double end_s, const moment& now);
  void add(span x);

  tracer ids_;
  std::map<job_id, attempt> jobs_;
  std::map<uint64_t, gpu> gpus_;
  std::vector<span> done_;
};

} // namespace render::supervisor
