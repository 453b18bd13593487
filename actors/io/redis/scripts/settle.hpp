#pragma once
// Writes the final status of a job and the outbox entry of its webhook, if the
// job is the worker's. `settled_by` tells our own earlier write from a front
// end's status, so that asking twice is safe.
//
// Changes: the record, its lock, the running set, the leases, the mark; the
// outbox and its entry where a webhook is wanted. Of a job that is not the
// worker's: its place in the leases and in the running set at most.
#include "actors/io/redis/link/reply.hpp"
#include "actors/io/redis/scripts/script.hpp"
#include "messages/job.hpp"
#include "messages/webhook.hpp"

#include <optional>

namespace render::job_store {

struct settle_args {
  worker_terms worker;
  mark_move mark;
  /// Unix seconds.
  double now_s = 0;
  std::string job_id;
  uint64_t fence = 0;
  job_outcome outcome;
  /// The job was ended before its time.
  bool cut_short = false;
  /// What its producer should know of a job that ran all the same; may be
  /// empty.
  std::string notice;
  /// Makes a missing record, which lives for so long; 0: it does not.
  std::chrono::seconds made_record{0};
  /// Without a URL: nobody wants one.
  webhook wanted;
  std::string mac;
  /// For how long the entry is the worker's to deliver.
  milliseconds outbox_lease{60'000};
};

struct settle_answer {
  bool written = false;
  /// A webhook waits in the outbox: tries made, and when its entry was made.
  struct waiting {
    uint32_t attempts = 0;
    int64_t created_ms = 0;
  };
  std::optional<waiting> webhook;
};

script_call call_of(const settle_args& x);

/// Of {1 or 0: written, {attempts, created_ms} or {}}.
result<settle_answer> read_settle(reply x);

} // namespace render::job_store
