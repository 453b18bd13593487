// Keeps what is ours, takes what the dead have left.
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/reading.hpp"
#include "actors/io/redis/scripts/recover.hpp"
#include "actors/io/redis/scripts/renew.hpp"
#include "actors/io/redis/shell.hpp"

#include <map>
#include <utility>

namespace render::job_store {

void shell::renew() const {
  arm(renew_leases, cfg().worker.lease / 3);
  forget_ended();
  if (st().claimed.all().empty() && st().durable.held.empty()
      && st().gpus.all().empty() && st().durable.held_gpus.empty())
    return;
  if (std::exchange(st().renewing, true))
    return;
  check_loss([sh = *this](bool) {
    sh.st().renewing = false;
    sh.give_back_unconfirmed();
    sh.leave_unconfirmed();
    sh.renew_gpus();
    sh.renew_jobs();
  });
}

// Reports renew only when they are news; and jobs that wait for a slot, an
// upload or a write make none.
void shell::renew_jobs() const {
  if (st().claimed.all().empty())
    return;
  renew_args what{cfg().worker, {}};
  std::map<std::string, uint64_t> asked;
  for (auto& [id, claim] : st().claimed.all()) {
    what.claims.push_back({id, claim.fence});
    asked[id] = claim.fence;
  }
  run(call_of(what), [sh = *this, asked = std::move(asked)](const answer& got) {
    sh.renew_soon_if_refused(got);
    auto ids = answer{got}.and_then(read_ids);
    if (!ids)
      return;
    std::map<std::string, uint64_t> gone;
    for (auto& id : *ids)
      if (auto at = asked.find(id); at != asked.end())
        gone.insert(*at);
    if (gone.empty())
      return;
    // Whoever works on one of them hears of it at the next report.
    sh.check_loss([sh, gone = std::move(gone)](bool lost) {
      if (lost)
        return; // They are ours again, or the next renewal says so.
      for (auto& [id, fence] : gone) {
        sh.forget(id, fence);
        sh.drop(id, fence);
      }
    });
  });
}

// Others wait for the time of one lease after a refusal, but not for more.
void shell::renew_soon_if_refused(const answer& got) const {
  if (is_refusal(got))
    arm(renew_leases, std::min(cfg().recover.least, cfg().worker.lease / 3));
}

bool shell::may_take_over() const {
  return st().grace.is_over(self->clock().now(), cfg().worker.lease);
}

bool shell::tries_to_write() const {
  return st().grace.needs_writes(self->clock().now(), cfg().worker.lease);
}

void shell::refused() const {
  auto tries = tries_to_write();
  st().grace.on_refusal(self->clock().now());
  if (!tries && tries_to_write())
    arm(recover_jobs, cfg().recover.after_failure);
}

void shell::try_to_write() const {
  command x;
  x.args = {"SET", keys::probe(cfg().worker.prefix), cfg().worker.id, "EX",
            "60"};
  run(std::move(x), [](const answer&) {
    // A refusal is noticed wherever it comes.
  });
}

void shell::recover() const {
  if (!may_take_over()) {
    if (tries_to_write())
      try_to_write();
    return arm(recover_jobs, cfg().recover.after_failure);
  }
  // Longer than the longest time between two looks.
  auto counted = 3 * cfg().worker.lease;
  run(call_of(recover_args{cfg().worker, cfg().recover.most, counted}),
      [sh = *this](answer got) {
        auto seen = std::move(got).and_then(read_recover);
        if (!seen)
          return sh.arm(recover_jobs, sh.cfg().recover.after_failure);
        sh.st().place.workers = seen->workers;
        sh.arm(recover_jobs, sh.next_look(seen->next_due_ms));
        for (auto& x : seen->jobs)
          sh.out().warn("job {}: attempt {} lost, worker {} stopped "
                        "answering; back in the queue",
                        x.id, x.attempt, x.former_owner);
      });
}

} // namespace render::job_store
