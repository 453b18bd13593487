#pragma once
// A JOB STORE on a real redis-server.
#include "actors/io/redis/job_store.hpp"
#include "messages/failure_caf.hpp"
#include "tests/support/redis_server.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/all.hpp>

namespace render::harness {

using namespace std::chrono_literals;

inline double unix_now() {
  return std::chrono::duration<double>(
           std::chrono::system_clock::now().time_since_epoch())
    .count();
}

struct redis_store {
  redis_store() : redis_store(std::vector<std::string>{}) {
    // nop
  }

  explicit redis_store(std::vector<std::string> options)
    : redis(std::move(options)) {
    add_message_types(cfg);
    system = std::make_unique<caf::actor_system>(cfg);
    store = spawn("worker-a");
  }

  ~redis_store() {
    for (auto& x : keepers)
      caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
    for (auto& x : stores)
      caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
  }

  job_store_actor spawn(const std::string& worker,
                        std::chrono::milliseconds lease = 30s,
                        std::shared_ptr<job_store::journal> local
                        = std::make_shared<job_store::no_journal>()) {
    job_store::config c;
    c.redis.host = redis.host();
    c.redis.port = redis.port();
    c.redis.connect_timeout = 300ms;
    c.redis.backoff_max = 100ms;
    c.command_timeout = 1'500ms;
    c.claims.reconcile_delay = 300ms;
    c.worker.lease = lease;
    c.recover.least = 100ms;
    c.recover.after_failure = 100ms;
    c.recover.turn = 0ms;
    c.worker.id = worker_id{worker};
    c.progress_kept = progress_kept;
    c.dead_letter_max = 2;
    c.spending = spending;
    stores.push_back(system->spawn(job_store_behavior, c,
                                   job_store_deps{unix_now, null_logger(),
                                                  job_store::start_redis_loop,
                                                  std::move(local)}));
    return stores.back();
  }

  /// Confirms these again and again, as the SUPERVISOR does.
  void look_after(std::vector<msg::job_claim> claims,
                  std::vector<ledger_id> gpus = {}) {
    keepers.push_back(
      system->spawn([to = store, claims,
                     gpus](caf::event_based_actor* self) -> caf::behavior {
        self->send(self, caf::tick_atom_v);
        return {[=](caf::tick_atom) {
          self->send(to, msg::confirm_jobs{claims});
          self->send(to, msg::confirm_gpus{gpus});
          self->delayed_send(self, 50ms, caf::tick_atom_v);
        }};
      }));
  }

  /// Ends the store as SIGKILL would: it puts nothing back. The store is dead
  /// when this returns.
  void kill_store() {
    caf::anon_send_exit(store, caf::exit_reason::kill);
    caf::scoped_actor me{*system};
    me->wait_for(store);
    std::erase(stores, store);
    store = nullptr;
  }

  /// Asks and waits for the answer.
  template <class Answer, class Message>
  result<Answer> ask(const job_store_actor& to, Message x) {
    caf::scoped_actor self{*system};
    result<Answer> out = fail(failure_kind::internal, "no answer");
    self->request(to, 10s, std::move(x))
      .receive(
        [&](Answer& y) {
          out = std::move(y);
        },
        [&](caf::error& e) {
          out = fail(to_failure(e));
        });
    return out;
  }

  void push(const std::string& id, const std::string& type = "analyze",
            std::vector<std::string> more = {}) {
    std::vector<std::string> args{
      "HSET",   "job:" + id, "id",   id,   "type",       type,
      "status", "queued",    "data", data, "created_at", "1700000000.25"};
    args.insert(args.end(), more.begin(), more.end());
    BOOST_REQUIRE(redis.cmd_list(args).ok());
    redis.cmd("RPUSH", "queue:jobs", id);
  }

  msg::claimed_jobs claim(const job_store_actor& from, uint32_t n = 1,
                          std::string type = "analyze") {
    auto x = ask<msg::claimed_jobs>(from, msg::claim_jobs{{{{type}, n}}});
    BOOST_REQUIRE_MESSAGE(x, x.error().message);
    return *x;
  }

  std::string status(const std::string& id) {
    return redis.field("job:" + id, "status");
  }

  long long queued() {
    return redis.cmd("LLEN", "queue:jobs").integer;
  }

  static job_outcome text(std::string x) {
    job_outcome out;
    out.text = std::move(x);
    return out;
  }

  std::string data = R"({"image_url":"http://a/b","notify_url":"http://n/h"})";
  redis_server redis;
  job_store::spend_limits spending;
  std::chrono::milliseconds progress_kept{10'000};
  caf::actor_system_config cfg;
  std::unique_ptr<caf::actor_system> system;
  std::vector<job_store_actor> stores;
  std::vector<caf::actor> keepers;
  job_store_actor store;
};

} // namespace render::harness
