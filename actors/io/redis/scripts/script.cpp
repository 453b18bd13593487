#include "actors/io/redis/scripts/script.hpp"

#include "messages/text/digest.hpp"
#include "messages/text/hex.hpp"

namespace render::job_store {

script with_sha1(std::string_view name, std::string text) {
  auto hash = to_hex(sha1(text));
  return {name, std::move(text), std::move(hash)};
}

std::string list_text(const std::vector<std::string>& xs) {
  std::string out;
  for (auto& x : xs)
    out += (out.empty() ? "" : ",") + x;
  return out;
}

} // namespace render::job_store
