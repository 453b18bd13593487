#include "actors/webhook/signature.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <sstream>

namespace render::webhook_sender {

namespace {

constexpr std::string_view prefix = "whsec_";

std::string to_base64(const unsigned char* data, unsigned int size) {
  std::string out(size_t{4} * ((size + 2) / 3), '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), data,
                  static_cast<int>(size));
  return out;
}

result<std::string> from_base64(std::string_view text) {
  auto bad = fail(failure_kind::invalid_input,
                  "WEBHOOK_SECRET: accepted is whsec_ and base64");
  if (text.empty() || text.size() % 4 != 0)
    return bad;
  std::string out(text.size() / 4 * 3, '\0');
  auto size
    = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size()));
  // OpenSSL counts the padding as bytes.
  auto padding = text.size() - (text.find_last_not_of('=') + 1);
  if (size < 0 || padding > 2)
    return bad;
  out.resize(static_cast<size_t>(size) - padding);
  return out;
}

} // namespace

result<signing_keys> parse_secrets(std::string_view text) {
  signing_keys out;
  std::istringstream words{std::string{text}};
  for (std::string word; words >> word;) {
    std::string_view secret = word;
    if (secret.starts_with(prefix))
      secret.remove_prefix(prefix.size());
    auto key = from_base64(secret);
    if (!key)
      return fail(key.error());
    out.push_back(std::move(*key));
  }
  return out;
}

std::string sign(const signing_keys& keys, std::string_view id,
                 int64_t timestamp_s, std::string_view body) {
  auto text = std::string{id} + "." + std::to_string(timestamp_s) + "."
              + std::string{body};
  std::string out;
  for (auto& key : keys) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         digest.data(), &size);
    out += (out.empty() ? "v1," : " v1,") + to_base64(digest.data(), size);
  }
  return out;
}

} // namespace render::webhook_sender
