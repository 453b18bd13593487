#pragma once
// Checks the signature of a received webhook (Standard Webhooks). Pure.
#include "actors/webhook/signature.hpp"

#include <string>
#include <string_view>

namespace render::ctl {

/// The headers that belong to a signature; empty when absent.
struct webhook_headers {
  std::string id;
  /// Unix seconds, as text.
  std::string timestamp;
  std::string signature;
};

/// Empty when one signature matches one key and the timestamp is within five
/// minutes of `now_s` (Unix seconds); else what is wrong.
std::string signature_flaw(const webhook_sender::signing_keys& keys,
                           const webhook_headers& got, std::string_view body,
                           double now_s);

} // namespace render::ctl
