#include "actors/io/redis/leases.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/recover.hpp"

#include <utility>

namespace render::job_store {

leases::leases(durable& redis, restorer& restores, queue& waiting,
               job_ends& jobs, gpu_ledger& gpus)
  : redis_(redis), restorer_(restores), queue_(waiting), jobs_(jobs),
    gpus_(gpus) {
  // nop
}

void leases::start() {
  redis_.arm(recover_jobs, redis_.cfg.recover.after_failure);
  redis_.arm(renew_leases, redis_.cfg.worker.lease / 3);
}

void leases::on_up() {
  grace_.on_up(redis_.now());
}

void leases::on_down() {
  grace_.on_down();
}

// -- ours ---------------------------------------------------------------------

void leases::renew() {
  redis_.arm(renew_leases, redis_.cfg.worker.lease / 3);
  redis_.forget_ended();
  if (jobs_.claimed().all().empty() && gpus_.mine().all().empty()
      && redis_.jobs().empty() && redis_.gpus().empty())
    return;
  if (std::exchange(renewing_, true))
    return;
  restorer_.check_loss([this](bool) {
    renewing_ = false;
    if (jobs_.give_up_unconfirmed())
      queue_.expect_lost_jobs(1);
    queue_.reconcile();
    gpus_.leave_unconfirmed();
    gpus_.renew();
    jobs_.renew();
  });
}

// -- of the dead --------------------------------------------------------------

bool leases::may_take_over() const {
  return grace_.is_over(redis_.now(), redis_.cfg.worker.lease);
}

bool leases::tries_to_write() const {
  return grace_.needs_writes(redis_.now(), redis_.cfg.worker.lease);
}

void leases::on_refusal() {
  auto tries = tries_to_write();
  grace_.on_refusal(redis_.now());
  if (!tries && tries_to_write())
    redis_.arm(recover_jobs, redis_.cfg.recover.after_failure);
}

void leases::try_to_write() {
  command x;
  x.args = {"SET", keys::probe(redis_.cfg.worker.prefix), redis_.cfg.worker.id,
            "EX", "60"};
  redis_.run(std::move(x), [](const answer&) {
    // A refusal is noticed wherever it comes.
  });
}

milliseconds leases::next_look(int64_t due_ms) const {
  auto lease = redis_.cfg.worker.lease;
  return until_next_look(due_ms, redis_.cfg.recover.least, lease)
         + redis_.place.turn(redis_.cfg.recover.turn, lease);
}

void leases::recover() {
  if (!may_take_over()) {
    if (tries_to_write())
      try_to_write();
    return redis_.arm(recover_jobs, redis_.cfg.recover.after_failure);
  }
  redis_.run(call_of(recover_args{redis_.cfg.worker, redis_.cfg.recover.most,
                                  redis_.cfg.counted(), redis_.cfg.ended}),
             [this](answer got) {
               auto seen = std::move(got).and_then(read_recover);
               if (!seen)
                 return redis_.arm(recover_jobs,
                                   redis_.cfg.recover.after_failure);
               redis_.place.workers = seen->workers;
               redis_.arm(recover_jobs, next_look(seen->next_due_ms));
               redis_.cfg.counts->recovered.add(seen->jobs.size());
               for (auto& x : seen->jobs)
                 redis_.log->warn(
                   "job {}: attempt {} lost, worker {} stopped answering; "
                   "back in the queue",
                   x.id, x.attempt, x.former_owner);
             });
}

void leases::take_gpus(const msg::take_gpus& x,
                       answer_to<msg::gpus_taken> then) {
  // What is given needs no grace: its owner has said so itself.
  auto orphans = may_take_over();
  gpus_.take_over(
    x, orphans,
    [this, orphans, then = std::move(then)](result<msg::gpus_taken> taken) {
      if (taken)
        taken->next_due_ms = orphans ? next_look(taken->next_due_ms).count()
                                     : 0;
      then(std::move(taken));
    });
}

} // namespace render::job_store
