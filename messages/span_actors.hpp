#pragma once
// Who takes spans that have ended.
#include "messages/spans.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(render::msg::spans_ended)

namespace render {

/// The SPAN EXPORTER, for those who make spans.
using span_sink_actor = caf::typed_actor<
  // One-way; what does not fit is dropped and counted.
  caf::reacts_to<msg::spans_ended>>;

} // namespace render
