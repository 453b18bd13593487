#pragma once
// Leases due outbox entries. The record comes along, for a body that nobody can
// show to be ours is made anew from it.
//
// Changes: the outbox.
#include "actors/io/redis/scripts/outbox_entry.hpp"
#include "actors/io/redis/scripts/script.hpp"

namespace render::job_store {

struct take_webhooks_args {
  /// In front of every key of our own.
  std::string prefix = "c3:";
  milliseconds lease{60'000};
  /// Most entries.
  uint32_t most = 100;
};

script_call call_of(const take_webhooks_args& x);

/// Of an array of {job id, id, url, body, attempts, created_ms, mac, record};
/// url and body are false where they are too long; record = {state, data,
/// notify_url found in longer data, error, result_url, result}, state:
/// success|failed, open: it waits or runs anew, ended: it does not tell an end
/// of ours, or missing.
result<std::vector<outbox_entry>> read_webhooks(reply x);

} // namespace render::job_store
