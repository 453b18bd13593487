#include "actors/io/redis/scripts/lua.hpp"

#include "messages/text/digest.hpp"
#include "messages/text/hex.hpp"

namespace render::job_store {

script make_script(std::string_view name, std::string text) {
  auto hash = to_hex(sha1(text));
  return {name, std::move(text), std::move(hash)};
}

} // namespace render::job_store
