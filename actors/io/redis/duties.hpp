#pragma once
// The duties of the JOB STORE, connected with each other. Everything but the
// actor and its connection to Redis: a test plays it without either.
#include "actors/io/redis/heartbeat.hpp"
#include "actors/io/redis/leases.hpp"
#include "actors/io/redis/outbox.hpp"

namespace render::job_store {

struct duties {
  explicit duties(durable& io);

  void on_change(const link_change& x);
  void on_timer(timer which);

  durable& redis;
  gpu_ledger gpus;
  job_store::restorer restorer;
  job_ends jobs;
  job_store::queue queue;
  job_store::outbox outbox;
  job_store::leases leases;
  job_store::heartbeat heartbeat;
};

} // namespace render::job_store
