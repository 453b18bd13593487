#pragma once
// The MEDIA actor: hands work on files to threads of its own, so that neither
// OpenCV nor ffmpeg ever holds up a message.
#include "actors/io/media/audio.hpp"
#include "actors/io/media/image.hpp"
#include "actors/io/media/work_pool.hpp"
#include "actors/io/programs/program.hpp"
#include "actors/log.hpp"
#include "messages/io_actors.hpp"

#include <caf/all.hpp>

#include <functional>
#include <memory>

namespace render {

namespace media {

struct config {
  /// Their most times the memory of a child (box.cpp, audio.cpp) is what the
  /// children may take: what deploy/ gives a worker and docs/security.md says
  /// goes by these.
  pool_limits pictures{
    .places = 3, .threads = 4, .patience = programs::short_run};
  pool_limits sound{.places = 3, .threads = 6, .patience = programs::short_run};
  image_limits images;
  audio_tools audio;
};

/// INTERNAL: finished work; `deliver` answers the asker.
struct work_done {
  std::function<void()> deliver;
};

} // namespace media

} // namespace render

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(render::media::work_done)

namespace render {

using media_shell_actor = media_actor::extend<caf::reacts_to<media::work_done>>;

struct media_state {
  static inline const char* name = "media";
  media::config cfg;
  logger log;
  /// Last members, so that their threads end before other members go. Sound
  /// may take minutes, a picture seconds and much memory.
  std::unique_ptr<media::work_pool> pictures;
  std::unique_ptr<media::work_pool> sound;
};

media_shell_actor::behavior_type
media_behavior(media_shell_actor::stateful_pointer<media_state> self,
               media::config cfg, logger log);

} // namespace render
