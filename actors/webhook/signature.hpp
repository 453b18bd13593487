#pragma once
// Signatures of webhooks, as Standard Webhooks 1.0.0 defines them: HMAC-SHA256
// over "id.timestamp.body", one for each key, so that keys can be rotated.
#include "messages/failure.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace render::webhook_sender {

/// Raw key bytes. Secret.
using signing_keys = std::vector<std::string>;

/// One or more `whsec_<base64>` with spaces between. Empty text: no keys.
/// Fails without repeating the secret.
result<signing_keys> parse_secrets(std::string_view text);

/// The value of `webhook-signature`; empty without keys.
std::string sign(const signing_keys& keys, std::string_view id,
                 int64_t timestamp_s, std::string_view body);

} // namespace render::webhook_sender
