#include "actors/webhook/signature.hpp"

#include "messages/text/base64.hpp"
#include "messages/text/digest.hpp"

#include <sstream>

namespace render::webhook_sender {

namespace {

constexpr std::string_view prefix = "whsec_";

} // namespace

result<signing_keys> parse_secrets(std::string_view text) {
  signing_keys out;
  std::istringstream words{std::string{text}};
  for (std::string word; words >> word;) {
    std::string_view secret = word;
    // Without the prefix a password that happens to be base64 would be taken
    // for a key, and no receiver would derive that key from it.
    auto prefixed = secret.starts_with(prefix);
    if (prefixed)
      secret.remove_prefix(prefix.size());
    auto key = from_base64(secret);
    if (!prefixed || !key || key->empty())
      return fail(failure_kind::invalid_input,
                  "must be whsec_ followed by base64, more of them after "
                  "spaces");
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
    auto digest = hmac_sha256(key, text);
    out += (out.empty() ? "v1," : " v1,") + to_base64(digest);
  }
  return out;
}

} // namespace render::webhook_sender
