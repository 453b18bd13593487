#pragma once
// Digests by OpenSSL, as bytes and not as hexadecimal text.
#include <string>
#include <string_view>

namespace render {

std::string sha1(std::string_view bytes);
std::string sha256(std::string_view bytes);
std::string hmac_sha256(std::string_view key, std::string_view bytes);

} // namespace render
