#pragma once
// SUPERVISOR → JOB STORE, every few seconds: all that somebody here looks
// after. What is missing for the time of a lease is given back. Loss of one is
// harmless. These stay inside the process.
#include "messages/ids.hpp"

#include <cstdint>
#include <vector>

namespace render::msg {

/// A job under one of its claims.
struct job_claim {
  render::job_id job_id;
  uint64_t fence = 0;
  /// On which it runs: its entry in the launch ledger; empty: on none yet.
  ledger_id gpu = {};

  friend bool operator==(const job_claim&, const job_claim&) = default;
};

/// What is missing goes back to the queue, as if it had never been claimed.
struct confirm_jobs {
  std::vector<job_claim> claims;
};

/// Ids of ledger entries. What is missing is left to others.
struct confirm_gpus {
  std::vector<ledger_id> ids;
};

} // namespace render::msg
