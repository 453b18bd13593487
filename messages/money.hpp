#pragma once
// GPU time and who it is for. Whole milliseconds, so that sums are exact.
#include "messages/ids.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace render {

/// What one attempt at a job is to pay of the time of one GPU.
struct gpu_share {
  /// Entry of the launch ledger; empty: no GPU had the job.
  ledger_id gpu;
  workload_type type;
  job_id job;
  /// While it ran; of a second in which n jobs run, an nth.
  int64_t own_ms = 0;
  /// Of the time until the GPU was ready, and of the time that the GPU had
  /// no job before this one.
  int64_t boot_ms = 0;
  int64_t idle_ms = 0;

  int64_t total_ms() const noexcept {
    return own_ms + boot_ms + idle_ms;
  }

  friend bool operator==(const gpu_share&, const gpu_share&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, gpu_share& x) {
  return f(x.gpu, x.type, x.job, x.own_ms, x.boot_ms, x.idle_ms);
}

/// The rented time of one GPU, by what it was spent on.
struct gpu_split {
  /// Before this worker's account of it began: it was another one's, or the
  /// worker has begun anew.
  int64_t before_ms = 0;
  /// From the launch until it was ready.
  int64_t boot_ms = 0;
  /// With a job, and ready without one.
  int64_t busy_ms = 0;
  int64_t idle_ms = 0;
  /// From its last job, or from the decision, until the stop was confirmed.
  int64_t drain_ms = 0;
  /// Of all that: what is in the shares of jobs. The rest no job has caused.
  int64_t jobs_ms = 0;

  int64_t total_ms() const noexcept {
    return before_ms + boot_ms + busy_ms + idle_ms + drain_ms;
  }

  friend bool operator==(const gpu_split&, const gpu_split&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, gpu_split& x) {
  return f(x.before_ms, x.boot_ms, x.busy_ms, x.idle_ms, x.drain_ms, x.jobs_ms);
}

/// Millionths of a dollar for an hour, by workload type.
using gpu_prices = std::map<workload_type, int64_t>;

/// "media:fast=1.20,ollama:small=0.3": dollars an hour. Fails with what is
/// wrong.
std::string read_gpu_prices(std::string_view text, gpu_prices& out);

/// "1.2": dollars as millionths; negative: no such number.
int64_t micro_dollars(std::string_view text);

/// Of so much time, rounded to the nearest millionth of a dollar.
int64_t cost_of(int64_t ms, int64_t price_per_hour);

/// "12.345", and "0.001234": millionths of a dollar as dollars.
std::string seconds_text(int64_t ms);
std::string dollars_text(int64_t micro);

/// The `receipt` of a job's record: JSON with `seconds`, `own_s`, `boot_s`,
/// `idle_s`, `usd` where all of its GPUs have a price, and `gpus`, one part for
/// each attempt.
std::string receipt_json(const std::vector<gpu_share>& parts,
                         const gpu_prices& prices);

/// The same for a receiver of the job's webhook: sums without GPUs. Made anew
/// from numbers, whatever stands in the record; empty: it is no receipt.
std::string receipt_header(std::string_view receipt);

} // namespace render
