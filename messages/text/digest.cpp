#include "messages/text/digest.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

namespace render {

namespace {

using buffer = std::array<unsigned char, EVP_MAX_MD_SIZE>;

std::string text_of(const buffer& x, unsigned int size) {
  return {reinterpret_cast<const char*>(x.data()), size};
}

std::string digest(const EVP_MD* kind, std::string_view bytes) {
  buffer out{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, kind, nullptr);
  return text_of(out, size);
}

} // namespace

std::string sha1(std::string_view bytes) {
  return digest(EVP_sha1(), bytes);
}

std::string sha256(std::string_view bytes) {
  return digest(EVP_sha256(), bytes);
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  buffer out{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
       out.data(), &size);
  return text_of(out, size);
}

} // namespace render
