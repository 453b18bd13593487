// A result that the storage does not take is kept, and tried again until the
// job's deadline. The GPU is not needed for that.
#include "actors/renderer/shell.hpp"

namespace render::renderer {

void shell::store(renderer_state::unstored x) const {
  auto what = x.what;
  auto tell = [sh = *this, begun_s = now_s()](std::string_view how,
                                              uint64_t bytes) {
    event about{"result_upload"};
    about.outcome = how;
    about.bytes = bytes;
    about.seconds = sh.now_s() - begun_s;
    note_event(sh.st().deps.log, about);
  };
  self->request(st().deps.store, st().cfg.store_timeout, what)
    .then(
      [sh = *this, x, tell](msg::stored_file& got) {
        tell("stored", got.bytes);
        sh.answered(x.number, x.index, answer{std::move(got)});
      },
      [sh = *this, x, tell](const caf::error& err) {
        tell("failed", 0);
        sh.store_failed(x, to_failure(err));
      });
}

void shell::store_failed(renderer_state::unstored x, failure why) const {
  if (!st().course.is_current(x.number))
    return;
  auto delay = st().retries.after(why, x.tries);
  if (!delay || !st().deps.keeper)
    return answered(x.number, x.index, fail(std::move(why)));
  park(why);
  log(spdlog::level::warn,
      why.message + ", again in " + std::to_string(delay->count()) + " ms");
  ++x.tries;
  auto number = ++st().last_unstored;
  st().unstored_files.emplace(number, std::move(x));
  arm(store_again, *delay, number);
}

// The keeper is told first: the GPU INSTANCE, told that the slot is free, may
// be gone a moment later.
void shell::park(const failure& why) const {
  if (std::exchange(st().parked, true))
    return;
  log(spdlog::level::warn, "rendered, the storage does not take the result");
  if (!st().side_group.empty())
    self->send(st().deps.http, msg::cancel_http{st().side_group});
  msg::render_parked parked{st().task.subject.id, why};
  self->send(st().deps.keeper, parked);
  self->send(std::exchange(st().deps.owner, st().deps.keeper), parked);
}

void shell::try_to_store(uint64_t number) const {
  auto node = st().unstored_files.extract(number);
  if (!node.empty() && st().course.is_current(node.mapped().number))
    store(std::move(node.mapped()));
}

bool shell::is_from_owner() const {
  return self->current_sender()
         && self->current_sender()
              == caf::actor_cast<caf::strong_actor_ptr>(st().deps.owner);
}

} // namespace render::renderer
