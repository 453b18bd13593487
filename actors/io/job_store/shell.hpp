#pragma once
// The JOB STORE's handlers, in one file for each subject. Internal to it.
#include "actors/io/job_store/codec.hpp"
#include "actors/io/job_store/gpu_codec.hpp"
#include "actors/io/job_store/job_store.hpp"
#include "actors/io/job_store/keys.hpp"
#include "messages/failure_caf.hpp"

#include <cmath>

namespace render::job_store {

using answer = result<reply>;

template <class T>
using promise = caf::typed_response_promise<T>;

enum timer : uint32_t {
  retry_writes,
  poll_queue,
  reconcile_again,
  renew_leases,
  recover_jobs,
};

inline bool is_outage(const failure& x) {
  return x.kind == failure_kind::unavailable
         || x.kind == failure_kind::outcome_unknown;
}

template <class T>
void deliver(promise<T>& to, result<T> x) {
  if (x)
    to.deliver(std::move(*x));
  else
    to.deliver(to_error(x.error()));
}

/// Copied into callbacks, so no more than a pointer.
struct shell {
  job_store_shell_actor::stateful_pointer<job_store_state> self;

  job_store_state& st() const {
    return self->state;
  }

  const job_store::config& cfg() const {
    return self->state.cfg;
  }

  spdlog::logger& out() const {
    return *self->state.deps.log;
  }

  std::string now_s() const {
    return number_text(st().deps.now());
  }

  int64_t now_ms() const {
    return static_cast<int64_t>(std::floor(st().deps.now() * 1000));
  }

  std::string leases_key() const {
    return keys::leases(cfg().prefix);
  }

  static std::string write_name(std::string_view what, const std::string& id,
                                uint64_t fence) {
    return std::string{what} + " of job " + id + " (claim "
           + std::to_string(fence) + ")";
  }

  std::string running_key() const {
    return keys::running(cfg().prefix, cfg().worker_id);
  }

  // -- commands
  void run(channel where, command x, job_store_state::handler then) const;
  void run(command x, job_store_state::handler then) const;
  void arm(timer which, milliseconds delay) const;
  void on_events(redis_events& xs) const;
  void on_change(const link_change& x) const;
  void on_timer(const msg::timer_due& x) const;
  promise<std::string> version() const;

  // -- lasting writes
  void write(std::string name, std::function<command()> make,
             job_store_state::handler asker) const;
  void try_write(const std::string& name) const;
  void wrote(const std::string& name, answer got) const;
  void retry_failed_writes() const;

  // -- waiting for work
  promise<msg::queue_head> await_work(const msg::await_work& x) const;
  void wait_for_work() const;
  void waited(answer got) const;
  void answer_waiting(const result<msg::queue_head>& x) const;

  // -- jobs
  promise<msg::queue_snapshot> peek(const msg::peek_queue& x) const;
  std::vector<std::string> claim_args() const;
  promise<msg::claimed_jobs> claim(const msg::claim_jobs& x) const;
  promise<msg::claimed_jobs> claim_unfit(const msg::claim_unfit& x) const;
  promise<msg::claimed_jobs> claim_with(const script& lua,
                                        std::vector<std::string> argv) const;
  result<msg::claimed_jobs> claimed(answer got) const;
  void reconcile() const;
  void note(const msg::note_remote& x) const;
  void note(const msg::note_attempt& x) const;
  promise<msg::job_settled> settle(const msg::settle_job& x) const;
  command settle_command(const msg::settle_job& x) const;
  void forget(const std::string& id, uint64_t fence) const;
  promise<caf::ok_atom> release(const msg::release_job& x) const;
  promise<msg::ownership> progress(const msg::report_progress& x) const;

  // -- leases
  void renew() const;
  bool may_take_over() const;
  void recover() const;

  // -- the launch ledger
  void renew_gpus() const;
  promise<caf::ok_atom> write_gpu(const msg::write_gpu& x) const;
  promise<caf::ok_atom> close_gpu(const msg::close_gpu& x) const;
  promise<msg::gpus_taken> take_gpus(const msg::take_gpus& x) const;

  // -- webhooks
  promise<msg::webhooks_taken> take_webhooks(const msg::take_webhooks& x) const;
  promise<caf::ok_atom> record(const msg::record_delivery& x) const;
};

} // namespace render::job_store
