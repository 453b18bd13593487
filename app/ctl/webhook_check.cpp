#include "app/ctl/webhook_check.hpp"

#include <openssl/crypto.h>

#include <charconv>
#include <cmath>
#include <sstream>
#include <vector>

namespace render::ctl {

namespace {

constexpr double tolerance_s = 300;

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in{text};
  std::vector<std::string> out;
  for (std::string word; in >> word;)
    out.push_back(std::move(word));
  return out;
}

// Takes equally long wherever the two texts differ.
bool equal(const std::string& a, const std::string& b) {
  return a.size() == b.size()
         && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace

std::string signature_flaw(const webhook_sender::signing_keys& keys,
                           const webhook_headers& got, std::string_view body,
                           double now_s) {
  if (got.id.empty() || got.timestamp.empty() || got.signature.empty())
    return "not signed";
  int64_t sent_s = 0;
  auto end = got.timestamp.data() + got.timestamp.size();
  auto [at, error] = std::from_chars(got.timestamp.data(), end, sent_s);
  if (error != std::errc{} || at != end)
    return "webhook-timestamp is no number of seconds";
  if (std::abs(now_s - static_cast<double>(sent_s)) > tolerance_s)
    return "webhook-timestamp is more than 5 minutes off";
  auto ours = words_of(webhook_sender::sign(keys, got.id, sent_s, body));
  for (auto& theirs : words_of(got.signature))
    for (auto& x : ours)
      if (equal(theirs, x))
        return {};
  return "wrong signature";
}

} // namespace render::ctl
