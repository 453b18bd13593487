#include "actors/io/job_store/lua.hpp"

#include "messages/hex.hpp"

#include <openssl/evp.h>

#include <array>

namespace render::job_store {

namespace {

std::string sha1_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(),
             nullptr);
  return to_hex({reinterpret_cast<char*>(digest.data()), size});
}

} // namespace

script make_script(std::string_view name, std::string text) {
  auto sha1 = sha1_hex(text);
  return {name, std::move(text), std::move(sha1)};
}

} // namespace render::job_store
