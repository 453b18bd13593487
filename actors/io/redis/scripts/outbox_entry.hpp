#pragma once
// What may be delivered of the outbox. Whoever may write to Redis may put
// anything there, and what we send bears our signature: so an entry is ours by
// a MAC, or its body is made anew from the job's record. Pure.
#include "messages/failure.hpp"
#include "messages/webhook.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace render::job_store {

/// Lower-case hex of an HMAC-SHA256 over job id, URL and body; empty without a
/// key.
std::string webhook_mac(std::string_view key, const webhook& x);

/// An entry of the outbox, as it stands there.
struct outbox_entry {
  webhook entry;
  std::string mac;
  /// Of the job's record, as the `take_webhooks` script gives it.
  std::string state;
  /// Empty when it is missing or too long to be read.
  std::string data;
  /// The `notify_url` in `data` that is too long to be read.
  std::string found_url;
  std::string error;
  std::string result_url;
  std::string result;
};

/// What is delivered for it, empty: nothing yet, for its job runs anew. Fails
/// when it must never be delivered. Without a `key` nothing is signed; then an
/// entry without a record is taken as it is.
result<std::optional<webhook>> trusted(outbox_entry x, std::string_view key);

} // namespace render::job_store
