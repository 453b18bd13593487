#pragma once
// The span of one GPU's boot: from its launch until its first service answers.
// Pure.
#include "actors/tracer.hpp"
#include "messages/gpu.hpp"
#include "messages/moment.hpp"

#include <optional>

namespace render::gpu_instance {

class boot_span {
public:
  /// A trace of its own: jobs that wait for the GPU link to it.
  explicit boot_span(tracer ids) : at_(ids.root()) {
    // nop
  }

  /// Tells the update the span. The span itself once it has ended and somebody
  /// exports it, which is once at most.
  std::optional<span> follow(msg::gpu_update& x, const workload_type& type,
                             const moment& now);

private:
  span_context at_;
  /// By the steady clock; 0: it has not begun.
  double start_s_ = 0;
  bool over_ = false;
};

} // namespace render::gpu_instance
