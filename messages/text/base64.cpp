#include "messages/text/base64.hpp"

#include <openssl/evp.h>

namespace render {

std::string to_base64(std::string_view bytes) {
  // OpenSSL adds a zero byte.
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                  reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  out.pop_back();
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  auto padding = text.ends_with("==") ? 2u : text.ends_with("=") ? 1u : 0u;
  auto symbols = text.substr(0, text.size() - padding);
  // OpenSSL would take white space, more padding, and a hyphen as the end.
  if (text.size() % 4 != 0
      || symbols.find_first_of("= \t\r\n-") != std::string_view::npos)
    return std::nullopt;
  std::string out(text.size() / 4 * 3, '\0');
  auto size
    = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size()));
  if (size < 0)
    return std::nullopt;
  out.resize(static_cast<size_t>(size) - padding);
  return out;
}

} // namespace render
