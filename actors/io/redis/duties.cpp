#include "actors/io/redis/duties.hpp"

namespace render::job_store {

duties::duties(durable& io)
  : redis(io), gpus(io), restorer(io, gpus.mine()), jobs(io, restorer),
    queue(io, jobs), outbox(io), leases(io, restorer, queue, jobs, gpus),
    heartbeat(io) {
  // nop
}

void duties::on_change(const link_change& x) {
  if (x.where == channel::waiting)
    return; // It fares like the other one; said once is enough.
  redis.cfg.counts->up.set(x.up);
  if (!x.up) {
    leases.on_down();
    queue.on_down(x.text);
    return redis.log->warn("{}", x.text);
  }
  redis.log->info("{}", x.text);
  leases.on_up();
  queue.on_up();
  restorer.replay_left();
  // Without free slots no claim follows soon that would.
  queue.reconcile();
  leases.renew();
  redis.retry_failed();
}

void duties::on_timer(timer which) {
  switch (which) {
  case retry_writes:
    return redis.retry_failed();
  case poll_queue:
    return queue.look_at_head();
  case reconcile_again:
    return queue.reconcile();
  case renew_leases:
    return leases.renew();
  case recover_jobs:
    return leases.recover();
  case replay_again:
    return restorer.replay_known();
  case look_at_left_gpus_again:
    return restorer.look_at_left_gpus();
  case claim_held_back:
    return queue.claim_held();
  case watch_jobs:
    return jobs.watch();
  }
}

} // namespace render::job_store
