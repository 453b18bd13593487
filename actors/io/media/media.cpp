#include "actors/io/media/media.hpp"

#include "actors/io/media/box.hpp"
#include "messages/failure_caf.hpp"

#include <new>

namespace render {

namespace {

using self_ptr = media_shell_actor::stateful_pointer<media_state>;

/// Runs `work` on the pool; its result answers the request at hand.
template <class Answer, class Work>
caf::result<Answer> hand_over(self_ptr self, media::work_pool& pool,
                              const std::string& group, Work work) {
  auto out = self->make_response_promise<Answer>();
  // A weak handle: a running task must not keep the actor alive, which owns the
  // pools.
  auto weak = caf::actor_cast<caf::actor_addr>(media_shell_actor{self});
  pool.submit(group, [=](std::stop_token stop) {
    result<Answer> got = fail(failure_kind::aborted, "the work was stopped");
    try {
      if (!stop.stop_requested())
        got = work(stop);
    } catch (const std::bad_alloc&) {
      got = fail(failure_kind::unfit, "no memory left for a media file");
    } catch (const std::exception& err) {
      got = fail(failure_kind::internal, err.what());
    }
    auto to = caf::actor_cast<media_shell_actor>(weak);
    if (!to)
      return;
    // A promise may only be used on the actor's own thread.
    caf::anon_send(to, media::work_done{[out, got]() mutable {
                     if (got)
                       out.deliver(std::move(*got));
                     else
                       out.deliver(to_error(got.error()));
                   }});
  });
  return out;
}

} // namespace

media_shell_actor::behavior_type media_behavior(self_ptr self,
                                                media::config cfg, logger log) {
  self->state.pictures = std::make_unique<media::work_pool>(cfg.pictures);
  self->state.sound = std::make_unique<media::work_pool>(cfg.sound);
  self->state.cfg = std::move(cfg);
  self->state.log = std::move(log);
  return {
    [self](const msg::identify_file& x) {
      return hand_over<msg::file_identity>(
        self, *self->state.sound, x.group,
        [x, tools = self->state.cfg.audio](const std::stop_token& stop) {
          return media::identify(x.path, tools, stop);
        });
    },
    [self](const msg::prepare_image& x) {
      return hand_over<msg::prepared_image>(
        self, *self->state.pictures, x.group,
        [x, cfg = self->state.cfg](const std::stop_token& stop) {
          return media::boxed::prepare(x, cfg.images, cfg.audio.ffmpeg, stop);
        });
    },
    [self](const msg::prepare_audio& x) {
      return hand_over<msg::prepared_audio>(
        self, *self->state.sound, x.group,
        [x, tools = self->state.cfg.audio](const std::stop_token& stop) {
          return media::prepare(x, tools, stop);
        });
    },
    [self](const msg::cancel_media& x) {
      self->state.pictures->cancel(x.group);
      self->state.sound->cancel(x.group);
    },
    [](media::work_done& x) {
      x.deliver();
    },
  };
}

} // namespace render
