#pragma once
// Tells a host that is away from a worker that is cut off: whoever gets no
// answer asks the provider's API too. Pure.
#include "actors/renderer/plan.hpp"

namespace render {

/// Any answer to it, of any status, shows that the network works. Only for an
/// environment with a `control_url`.
http_request control_request(const render_environment& env);

/// No server has been reached.
bool reached_nobody(const failure& why) noexcept;

} // namespace render
