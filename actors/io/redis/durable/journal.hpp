#pragma once
// What this worker owns, kept outside of Redis: claimed jobs, results that
// Redis has not confirmed yet, webhooks, GPUs. Should Redis lose writes that it
// had confirmed (FLUSHALL, a restart without persistence, a failover), they are
// made again from here; see `restorer`. Interface and records; what keeps them
// on disk is `sqlite_journal`.
#include "messages/job.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace render::job_store {

/// Numbers a write to Redis; grows with each. 0: never confirmed.
using write_number = uint64_t;

/// What became of a webhook, in words of the `record_delivery` script.
struct held_delivery {
  /// delivered or dead.
  std::string state;
  uint32_t attempts = 0;
  std::string error;
  write_number confirmed = 0;

  friend bool operator==(const held_delivery&, const held_delivery&) = default;
};

/// A job from its claim until some time after its end.
struct held_job {
  /// As claimed.
  job subject;
  /// That claimed it.
  worker_id owner;
  /// The process that did.
  node_id session;
  write_number claimed = 0;
  /// Set once its end is known, before Redis is told.
  std::optional<job_outcome> outcome;
  write_number settled = 0;
  std::optional<held_delivery> delivery;
  /// Unix seconds of the last change: when it may be forgotten.
  double changed_s = 0;
  /// It wants a webhook: once somebody has looked, and not in the journal.
  std::optional<bool> wants_webhook;

  /// The latest write about it that Redis has confirmed.
  write_number confirmed() const {
    if (delivery && delivery->confirmed > 0)
      return delivery->confirmed;
    return settled > 0 ? settled : claimed;
  }

  friend bool operator==(const held_job&, const held_job&) = default;
};

/// A ledger entry that is ours, or a dead worker's until somebody has it.
struct held_gpu {
  std::string id;
  /// As the ledger has it.
  worker_id owner;
  node_id session;
  /// Field, value, ... as the `write_gpu` script takes them.
  std::vector<std::string> fields;
  write_number written = 0;

  friend bool operator==(const held_gpu&, const held_gpu&) = default;
};

struct held {
  std::vector<held_job> jobs;
  std::vector<held_gpu> gpus;
};

class journal {
public:
  virtual ~journal() = default;

  /// What was there when it was opened: left by processes that are dead.
  virtual result<held> left() = 0;

  /// Replaces what it has of the same session and id.
  virtual result<void> put(const held_job& x) = 0;
  virtual result<void> put(const held_gpu& x) = 0;
  virtual result<void> erase_job(const node_id& session, const std::string& id)
    = 0;
  virtual result<void> erase_gpu(const node_id& session, const std::string& id)
    = 0;

protected:
  journal() = default;
  journal(const journal&) = default;
  journal& operator=(const journal&) = default;
};

/// Keeps nothing: enough as long as the process lives, which has it all in
/// memory anyway.
class no_journal : public journal {
public:
  result<held> left() override {
    return held{};
  }

  result<void> put(const held_job&) override {
    return {};
  }

  result<void> put(const held_gpu&) override {
    return {};
  }

  result<void> erase_job(const node_id&, const std::string&) override {
    return {};
  }

  result<void> erase_gpu(const node_id&, const std::string&) override {
    return {};
  }
};

} // namespace render::job_store
