#pragma once
// The one message that travels between workers. Its type-id block is its own,
// so that no message of this process can get onto the wire by mistake.
#include "messages/type_ids.hpp"

#include <cstdint>
#include <string>

namespace render::peers {

struct frame {
  /// See `protocol`. Where it differs, `payload` means nothing.
  uint32_t version = 0;
  /// See wire.hpp.
  std::string payload;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, frame& x) {
  return f(x.version, x.payload);
}

} // namespace render::peers

CAF_BEGIN_TYPE_ID_BLOCK(render_wire, caf::id_block::render::end)

  CAF_ADD_TYPE_ID(render_wire, (render::peers::frame))

CAF_END_TYPE_ID_BLOCK(render_wire)
