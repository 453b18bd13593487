#include "actors/gpu_instance/boot_span.hpp"

namespace render::gpu_instance {

std::optional<span> boot_span::follow(msg::gpu_update& x,
                                      const workload_type& type,
                                      const moment& now) {
  x.boot = at_;
  if (start_s_ == 0)
    start_s_ = now.steady_s;
  auto boots = x.phase == gpu_phase::launching || x.phase == gpu_phase::booting;
  if (over_ || boots)
    return std::nullopt;
  over_ = true;
  if (!at_.sampled)
    return std::nullopt;
  span out;
  out.name = "gpu boot";
  out.at = at_;
  out.start_s = now.unix_at(start_s_);
  out.end_s = now.unix_s;
  // One that is drained, given away or not paid for has not failed.
  if (x.failed) {
    out.error = "boot_failed";
    out.error_text = x.reason;
  }
  add_text(out, "c3.gpu.workload", type);
  add_text(out, "c3.gpu.id", x.ledger_id);
  return out;
}

} // namespace render::gpu_instance
