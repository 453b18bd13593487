#pragma once
// JOB STOREs in virtual time, on a Redis that can lose its data.
#include "actors/io/redis/job_store.hpp"
#include "app/harness/memory_journal.hpp"
#include "app/harness/sim_redis.hpp"
#include "messages/failure_caf.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace render::harness {

using namespace std::chrono_literals;

struct store_world {
  ~store_world() {
    for (auto& [client, store] : stores)
      time.kill({caf::actor_cast<caf::actor>(store)});
    time.settle(); // Their links need the Redis.
  }

  /// Starts a process "w<client>". All processes with a journal are on one
  /// machine.
  void start(uint64_t client, bool with_journal = true) {
    job_store::config cfg;
    cfg.worker.id = worker_id{"w" + std::to_string(client)};
    job_store_deps deps;
    deps.now = [this] {
      return time.unix_now();
    };
    deps.log = log;
    deps.make_link = redis.links_of(client);
    if (with_journal)
      deps.local = shelf.open(client);
    stores.emplace(
      client, time.system().spawn(job_store_behavior, cfg, std::move(deps)));
    time.run_for(1s);
  }

  void die(uint64_t client) {
    shelf.close(client);
    redis.drop(client);
    time.kill({caf::actor_cast<caf::actor>(stores.at(client))});
    stores.erase(client);
    time.run_for(1s);
  }

  template <class What>
  void tell(uint64_t client, What what) {
    caf::anon_send(stores.at(client), std::move(what));
    time.run_for(1s);
  }

  /// Confirms these for so long, as the SUPERVISOR does.
  void confirm_for(virtual_duration d, uint64_t client,
                   const msg::confirm_jobs& jobs,
                   const msg::confirm_gpus& gpus = {}) {
    for (auto end = time.now() + d; time.now() < end; time.run_for(10s)) {
      caf::anon_send(stores.at(client), jobs);
      caf::anon_send(stores.at(client), gpus);
    }
  }

  /// Loses all data, and gives the stores enough time to notice.
  void lose_all() {
    redis.crash();
    redis.server().load({});
    redis.start();
    time.run_for(12s);
  }

  std::string status(const std::string& id) {
    return redis.run({"HGET", "job:" + id, "status"}).text;
  }

  logger log = null_logger();
  virtual_time time{1};
  sim_redis redis{time, 1};
  journal_shelf shelf;
  std::map<uint64_t, job_store_shell_actor> stores;
};

} // namespace render::harness
