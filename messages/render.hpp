#pragma once
// Messages between a GPU INSTANCE and its RENDERERS.
#include "messages/job.hpp"

#include <string>

namespace render::msg {

/// GPU INSTANCE → RENDERER: end now with this failure. The RENDERER interrupts
/// the remote work first where that makes sense.
struct stop_render {
  failure reason;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, stop_render& x) {
  return f(x.reason);
}

/// RENDERER → GPU INSTANCE: the attempt is over. Its files are gone, its
/// remote work is done or interrupted.
struct render_ended {
  render::job_id job_id;
  job_outcome outcome;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, render_ended& x) {
  return f(x.job_id, x.outcome);
}

/// RENDERER → its keeper, then its GPU INSTANCE: the render is done, and its
/// result waits for the storage. The slot is free. The RENDERER goes on trying,
/// and sends `render_ended` to its keeper.
struct render_parked {
  render::job_id job_id;
  /// The storage's last failure.
  failure why;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, render_parked& x) {
  return f(x.job_id, x.why);
}

} // namespace render::msg
