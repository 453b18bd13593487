#include "messages/worker_place.hpp"

#include "messages/text/digest.hpp"

namespace render {

// By a digest: the ids of a fleet may differ in their last digit alone.
double worker_place(const worker_id& id) {
  auto bytes = sha1(id);
  double out = 0;
  for (size_t i = 0; i < 4; ++i)
    out = (out + static_cast<unsigned char>(bytes[i])) / 256;
  return out;
}

} // namespace render
