#include "messages/text/random_bytes.hpp"

#include <openssl/rand.h>

namespace render {

result<std::string> random_bytes(size_t size) {
  std::string out(size, '\0');
  auto* to = reinterpret_cast<unsigned char*>(out.data());
  if (RAND_bytes(to, static_cast<int>(size)) != 1)
    return fail(failure_kind::unfit, "there are no random bytes");
  return out;
}

} // namespace render
