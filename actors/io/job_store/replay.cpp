#include "actors/io/job_store/replay.hpp"

namespace render::job_store {

replay_step after_restore(std::string_view said, const held_job& x,
                          bool again) {
  if (said == "taken")
    return replay_step::forget;
  // Others end it, once its lease has run out.
  if (!x.outcome)
    return again ? replay_step::forget : replay_step::keep;
  if (said != "known" || x.settled == 0)
    return replay_step::end_again;
  if (x.delivery && x.delivery->confirmed == 0)
    return replay_step::deliver_again;
  return replay_step::forget;
}

} // namespace render::job_store
