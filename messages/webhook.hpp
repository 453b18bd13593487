#pragma once
// Webhooks on their way to a receiver. The outbox in Redis is the truth; these
// records are copies of its entries.
#include "messages/fleet_place.hpp"
#include "messages/ids.hpp"
#include "messages/spans.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace render {

/// One entry of the outbox.
struct webhook {
  /// Stable over all tries, and the `webhook-id` header: "msg_" + job id.
  std::string id;
  render::job_id job_id;
  std::string url;
  /// The JSON body, byte for byte the same on every try.
  std::string body;
  /// Tries made so far.
  uint32_t attempts = 0;
  /// Unix milliseconds at which the entry was made.
  int64_t created_ms = 0;
  /// The `C3-Receipt` header; empty: it has none.
  std::string receipt = {};
  /// The span of the attempt that ended the job; none: nobody traced it.
  span_context trace = {};

  friend bool operator==(const webhook&, const webhook&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, webhook& x) {
  return f(x.id, x.job_id, x.url, x.body, x.attempts, x.created_ms, x.receipt,
           x.trace);
}

namespace msg {

/// To the WEBHOOK actor: deliver this entry now. It is leased to this worker.
struct deliver_webhook {
  webhook entry;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, deliver_webhook& x) {
  return f(x.entry);
}

/// Leases due outbox entries to the asker for `lease`: entries of a dead
/// worker, and entries that waited for a later try.
struct take_webhooks {
  uint32_t limit = 100;
  std::chrono::milliseconds lease{60'000};
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, take_webhooks& x) {
  return f(x.limit, x.lease);
}

/// Answer to `take_webhooks`.
struct webhooks_taken {
  std::vector<webhook> entries;
  /// Of the asker.
  fleet_place place = {};
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, webhooks_taken& x) {
  return f(x.entries, x.place);
}

enum class delivery_state : uint8_t {
  /// The receiver answered 2xx: the entry is removed.
  delivered,
  /// The try failed and others are left: `attempts` is written, and the entry
  /// is due again after `delay`.
  retry_later,
  /// Given up: moved to the dead letters.
  dead,
};

/// To the JOB STORE: the outcome of one try. Answered with ok.
struct record_delivery {
  webhook entry;
  delivery_state state = delivery_state::delivered;
  /// With `retry_later`: how long no other worker may take the entry.
  std::chrono::milliseconds delay{0};
  /// Why the try failed; empty when delivered.
  std::string error;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, record_delivery& x) {
  return f(x.entry, x.state, x.delay, x.error);
}

/// To the WEBHOOK actor: the worker stops. Answered with ok when nothing is
/// in flight and nothing is due within `patience`, at the latest after it.
struct flush_webhooks {
  std::chrono::milliseconds patience{30'000};
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, flush_webhooks& x) {
  return f(x.patience);
}

} // namespace msg

} // namespace render
