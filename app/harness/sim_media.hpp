#pragma once
// The MEDIA actor of a simulated worker: the type of every file follows from
// its name, and the work takes some virtual milliseconds.
#include "messages/io_actors.hpp"
#include "tests/support/later.hpp"

#include <string>
#include <string_view>

namespace render::harness {

using sim_media_actor = media_actor::extend<caf::reacts_to<msg::timer_due>>;

struct sim_media_state {
  static inline const char* name = "media";
  later timers;
};

inline msg::file_identity sim_identity(std::string_view path) {
  if (path.ends_with(".mp4"))
    return {"video/mp4", ".mp4", 4'000'000};
  if (path.ends_with(".txt"))
    return {"text/plain", ".txt", 400};
  if (path.ends_with("/image"))
    return {"image/jpeg", ".jpg", 200'000};
  return {"audio/mpeg", ".mp3", 300'000};
}

inline sim_media_actor::behavior_type
sim_media_behavior(sim_media_actor::stateful_pointer<sim_media_state> self) {
  auto answer = [self](auto x, int ms) {
    using T = decltype(x);
    return self->state.timers.template answer<T>(
      self, duration{ms}, [x = std::move(x)]() -> result<T> {
        return x;
      });
  };
  return {
    [answer](const msg::identify_file& x) {
      return answer(sim_identity(x.path), 1);
    },
    [answer](const msg::prepare_image& x) {
      // The path has the job's id, by which the vision model finds the job.
      return answer(
        msg::prepared_image{x.output, 1024, 768, 1024, 768,
                            x.embed_base64 ? x.input : std::string{}},
        40);
    },
    [answer](const msg::prepare_audio& x) {
      return answer(
        msg::prepared_audio{x.output_stem + ".mp3", "audio/mpeg", 5.0}, 60);
    },
    [](const msg::cancel_media&) {
      // The work ends by itself.
    },
    [self](const msg::timer_due& x) {
      self->state.timers.due(x);
    },
  };
}

} // namespace render::harness
