// Linked with the worker's own main in place of its MEDIA actor: a part of this
// worker dies two seconds after the start.
#include "actors/io/media/media.hpp"

#include <chrono>
#include <stdexcept>

namespace render {

media_shell_actor::behavior_type
media_behavior(media_shell_actor::stateful_pointer<media_state> self,
               media::config, logger) {
  using namespace std::chrono_literals;
  self->delayed_send(self, 2s, media::work_done{[] {
                       throw std::runtime_error("the test says so");
                     }});
  return {
    [self](const msg::identify_file&) {
      return self->make_response_promise<msg::file_identity>();
    },
    [self](const msg::prepare_image&) {
      return self->make_response_promise<msg::prepared_image>();
    },
    [self](const msg::prepare_audio&) {
      return self->make_response_promise<msg::prepared_audio>();
    },
    [](const msg::cancel_media&) {
      // nop
    },
    [](media::work_done& x) {
      x.deliver();
    },
  };
}

} // namespace render
