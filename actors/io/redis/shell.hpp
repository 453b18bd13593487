#pragma once
// The JOB STORE's handlers, in one file for each subject. Internal to it.
#include "actors/io/redis/job_store.hpp"
#include "actors/io/redis/scripts/claimed_jobs.hpp"
#include "actors/io/redis/scripts/count.hpp"
#include "actors/io/redis/scripts/gpu_entry.hpp"
#include "actors/io/redis/scripts/outbox_entry.hpp"
#include "actors/io/redis/scripts/restore.hpp"
#include "actors/io/redis/scripts/settle.hpp"
#include "messages/failure_caf.hpp"

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
  replay_again,
  look_at_left_gpus,
  claim_held_back,
};

/// Redis is there, but full, read-only, or otherwise not willing.
inline bool is_refusal(const answer& x) {
  return x && x->type == reply::kind::error && is_outage(failure_of(x->text));
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

  double now_s() const {
    return st().deps.now();
  }

  mark_move mark(write_number number) const {
    return {st().durable.session, st().durable.confirmed, number};
  }

  /// What earlier processes left leaves their marks where they are.
  mark_move mark(const node_id& session, write_number number) const {
    return {session, st().durable.confirmed,
            session == st().durable.session ? number : 0};
  }

  static std::string write_name(std::string_view what, const std::string& id,
                                uint64_t fence) {
    return std::string{what} + " of job " + id + " (claim "
           + std::to_string(fence) + ")";
  }

  static std::string ledger_write(const std::string& id) {
    return "write of ledger entry " + id;
  }

  // -- commands
  void run(channel where, command x, job_store_state::handler then) const;
  void run(command x, job_store_state::handler then) const;
  void run(script_call x, job_store_state::handler then) const;
  void arm(timer which, milliseconds delay) const;
  void on_events(redis_events& xs) const;
  void on_change(const link_change& x) const;
  void on_timer(const msg::timer_due& x) const;
  promise<std::string> version() const;

  // -- lasting writes
  /// See `lasting_writes`.
  void write(const std::string& name, lasting_writes::maker make,
             lasting_writes::asker asker) const;
  void overwrite(const std::string& name, lasting_writes::maker make,
                 lasting_writes::asker asker) const;
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
  /// What is left to be counted, a piece at a time. Says the counts of all; of
  /// as much as could be counted when Redis fails.
  void count_rest(queue_count so_far,
                  std::function<void(queue_count all)> then) const;
  claimer claimer_of(write_number number) const;
  promise<msg::claimed_jobs> claim(const msg::claim_jobs& x) const;
  promise<msg::claimed_jobs> claim_unfit(const msg::claim_unfit& x) const;
  promise<msg::claimed_jobs>
  claim_with(std::function<script_call(write_number)> make) const;
  void claim_held() const;
  void fail_held_claims(const std::string& why) const;
  result<msg::claimed_jobs> claimed(answer got, write_number number) const;
  void reconcile() const;
  void note(const msg::note_remote& x) const;
  void note(const msg::note_attempt& x) const;
  promise<msg::job_settled> settle(const msg::settle_job& x) const;
  void settle(const held_job& x, bool may_be_lost,
              promise<msg::job_settled> to) const;
  settle_args end_of(const held_job& x, milliseconds lease,
                     write_number number) const;
  void settled(const std::string& id, uint64_t fence, const node_id& session,
               write_number number) const;
  void forget(const std::string& id, uint64_t fence) const;
  void give_up(const std::string& id, uint64_t fence) const;
  promise<caf::ok_atom> release(const msg::release_job& x) const;
  promise<msg::ownership> progress(const msg::report_progress& x) const;
  void progress(const msg::report_progress& x, bool may_be_lost,
                promise<msg::ownership> to) const;

  // -- what we hold
  std::string mark_key(const node_id& session) const;
  void redis_has(write_number number) const;
  /// What earlier processes left moves their marks, not ours.
  void redis_has(const node_id& session, write_number number) const;
  void journaled(const result<void>& done) const;
  void confirm(const std::string& id, uint64_t fence) const;
  void confirm(const msg::confirm_jobs& x) const;
  void give_back_unconfirmed() const;
  /// nullptr when we hold no such claim.
  held_job* held_of(const std::string& id, uint64_t fence) const;
  void keep(held_job& x) const;
  void hold(const job& subject, write_number number) const;
  void drop(const std::string& id, uint64_t fence) const;
  void hold(held_gpu x, write_number number) const;
  void drop_gpu(const std::string& id) const;
  void forget_ended() const;

  // -- what Redis has lost, and what earlier processes left
  /// Ours; infinite when it cannot be read.
  void look_at_mark(std::function<void(double at)> then) const;
  /// Whether Redis has lost writes; if so, they are written again first.
  void check_loss(std::function<void(bool lost)> then) const;
  void loss_checked(bool lost) const;
  void restore_all() const;
  void restored_one() const;
  void restore(const held_job& x, milliseconds lease,
               std::function<void(restore_answer said)> then) const;
  void end_again(const held_job& x, std::function<void()> then) const;
  void deliver_again(const held_job& x, std::function<void()> then) const;
  void replay_left() const;
  /// Those that nobody may have taken over the first time.
  void replay_known() const;
  void replay(const held_job& x, bool again) const;
  void replay(const held_gpu& x) const;
  void keep_left(const held_gpu& x, bool lost) const;
  void look_at_left() const;
  script_call look_at_gpu(const held_gpu& x) const;

  // -- leases
  void renew() const;
  void renew_jobs() const;
  void renew_soon_if_refused(const answer& got) const;
  bool may_take_over() const;
  void refused() const;
  bool tries_to_write() const;
  void try_to_write() const;
  milliseconds next_look(int64_t due_ms) const {
    return until_next_look(due_ms, cfg().recover.least, cfg().worker.lease)
           + st().place.turn(cfg().recover.turn, cfg().worker.lease);
  }
  void recover() const;

  // -- the launch ledger
  void renew_gpus() const;
  void confirm(const msg::confirm_gpus& x) const;
  void leave_unconfirmed() const;
  void not_renewed(const std::string& id) const;
  promise<caf::ok_atom> write_gpu(const msg::write_gpu& x) const;
  script_call gpu_command(const held_gpu& x, write_number number) const;
  promise<caf::ok_atom> close_gpu(const msg::close_gpu& x) const;
  promise<msg::gpus_taken> take_gpus(const msg::take_gpus& x) const;
  promise<msg::gpus_seen> view_gpus(const msg::view_gpus& x) const;

  // -- webhooks
  promise<msg::webhooks_taken> take_webhooks(const msg::take_webhooks& x) const;
  std::vector<webhook> trusted_of(std::vector<outbox_entry> xs) const;
  promise<caf::ok_atom> record(const msg::record_delivery& x) const;
  script_call delivery_of(const std::string& job_id, const held_delivery& x,
                          milliseconds delay, const mark_move& mark) const;
  void delivered(const std::string& id, uint64_t fence, const node_id& session,
                 write_number number) const;
};

} // namespace render::job_store
