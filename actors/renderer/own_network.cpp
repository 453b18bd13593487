#include "actors/renderer/own_network.hpp"

namespace render {

http_request control_request(const render_environment& env) {
  using namespace std::chrono_literals;
  http_request out;
  out.url = env.control_url;
  out.total_timeout = 15s;
  out.max_body_bytes = 4'096;
  out.cut_body = true;
  return out;
}

bool reached_nobody(const failure& why) noexcept {
  return why.kind == failure_kind::unavailable;
}

} // namespace render
