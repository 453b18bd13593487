#include "actors/io/job_store/job_store.hpp"

#include "actors/io/job_store/codec.hpp"
#include "actors/io/job_store/gpu_codec.hpp"
#include "actors/io/job_store/keys.hpp"
#include "messages/failure_caf.hpp"
#include "messages/job_params.hpp"
#include "messages/utf8.hpp"

#include <algorithm>
#include <cmath>

namespace render {

namespace {

using namespace job_store;

using self_ptr = job_store_shell_actor::stateful_pointer<job_store_state>;
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

constexpr std::string_view known_types = "csm,whisper,portrait,analyze";

bool is_outage(const failure& x) {
  return x.kind == failure_kind::unavailable
         || x.kind == failure_kind::outcome_unknown;
}

std::string joined(const std::vector<std::string>& xs) {
  std::string out;
  for (auto& x : xs)
    out += (out.empty() ? "" : ",") + x;
  return out;
}

template <class T>
void deliver(promise<T>& to, result<T> x) {
  if (x)
    to.deliver(std::move(*x));
  else
    to.deliver(to_error(x.error()));
}

/// The actor's handlers. Copied into callbacks, so no more than a pointer.
struct shell {
  self_ptr self;

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

  // -- commands ---------------------------------------------------------------

  void run(channel where, command x, job_store_state::handler then) const {
    x.id = ++st().last_id;
    st().pending.emplace(x.id, std::move(then));
    st().link->submit(where, std::move(x));
  }

  void run(command x, job_store_state::handler then) const {
    x.timeout = cfg().command_timeout;
    run(channel::commands, std::move(x), std::move(then));
  }

  void arm(timer which, milliseconds delay) const {
    self->delayed_send(self, delay,
                       msg::timer_due{which, ++st().timer_generations[which]});
  }

  void on_events(redis_events& xs) const {
    for (auto& x : xs.changes)
      on_change(x);
    for (auto& x : xs.completions)
      if (auto node = st().pending.extract(x.id))
        node.mapped()(std::move(x.answer));
  }

  void on_change(const link_change& x) const {
    if (x.where == channel::waiting)
      return; // It fares like the other one; said once is enough.
    if (!x.up) {
      st().up_since.reset();
      return out().warn("{}", x.text);
    }
    out().info("{}", x.text);
    st().up_since = self->clock().now();
    renew();
    retry_failed_writes();
  }

  void on_timer(const msg::timer_due& x) const {
    if (x.generation != st().timer_generations[x.which])
      return;
    switch (static_cast<timer>(x.which)) {
    case retry_writes:
      return retry_failed_writes();
    case poll_queue:
      return wait_for_work();
    case reconcile_again:
      return reconcile();
    case renew_leases:
      return renew();
    case recover_jobs:
      return recover();
    }
  }

  // -- waiting for work -------------------------------------------------------

  promise<msg::queue_head> await_work(const msg::await_work& x) const {
    auto out = self->make_response_promise<msg::queue_head>();
    st().awaiting.push_back(out);
    if (!st().wait_under_way) {
      st().awaiting_until_s
        = st().deps.now() + std::chrono::duration<double>(x.patience).count();
      wait_for_work();
    }
    return out;
  }

  void wait_for_work() const {
    auto left = std::max(0.0, st().awaiting_until_s - st().deps.now());
    command x;
    std::string queue{keys::queue};
    // 0 would wait for ever.
    if (st().has_blmove)
      x.args = {"BLMOVE", queue,  queue,
                "LEFT",   "LEFT", number_text(std::max(left, 0.001))};
    else
      x.args = {"LLEN", queue};
    x.timeout = cfg().command_timeout
                + milliseconds{static_cast<int64_t>(left * 1000)};
    st().wait_under_way = true;
    run(channel::waiting, std::move(x), [sh = *this](answer got) {
      sh.waited(std::move(got));
    });
  }

  void waited(answer got) const {
    if (!got)
      return answer_waiting(fail(got.error()));
    if (got->type == reply::kind::error) {
      if (!st().has_blmove || !got->text.starts_with("ERR unknown command"))
        return answer_waiting(fail(failure_of(got->text)));
      out().info("Redis has no BLMOVE: the queue is looked at every {} ms",
                 cfg().poll_interval.count());
      st().has_blmove = false;
      return wait_for_work();
    }
    auto present = got->type == reply::kind::integer
                     ? got->integer > 0
                     : got->type == reply::kind::text;
    auto late = st().deps.now() >= st().awaiting_until_s;
    if (!present && !st().has_blmove && !late)
      return arm(poll_queue, cfg().poll_interval);
    answer_waiting(msg::queue_head{present});
  }

  void answer_waiting(const result<msg::queue_head>& x) const {
    st().wait_under_way = false;
    for (auto& to : std::exchange(st().awaiting, {}))
      deliver(to, x);
  }

  // -- the queue --------------------------------------------------------------

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

  promise<msg::queue_snapshot> peek(const msg::peek_queue& x) const {
    auto to = self->make_response_promise<msg::queue_snapshot>();
    run(make_command(peek_script(), {std::string{keys::queue}},
                     {cfg().worker_id, std::to_string(x.limit),
                      std::to_string(cfg().scan_max),
                      std::to_string(cfg().peek_data_max)}),
        [to](answer got) mutable {
          deliver(to, std::move(got).and_then(decode_peek).map([](auto&& seen) {
            return msg::queue_snapshot{std::move(seen.waiting),
                                       seen.queue_length};
          }));
        });
    return to;
  }

  std::vector<std::string> claim_args() const {
    return {cfg().worker_id, now_s(), std::to_string(cfg().lock_ttl.count()),
            std::to_string(cfg().lease.count())};
  }

  promise<msg::claimed_jobs> claim(const msg::claim_jobs& x) const {
    auto argv = claim_args();
    argv.insert(argv.end(),
                {std::to_string(cfg().scan_max),
                 std::to_string(cfg().unfit_max), std::string{known_types}});
    for (auto& quota : x.quotas) {
      argv.push_back(std::to_string(quota.count));
      argv.push_back(joined(quota.types));
    }
    return claim_with(claim_script(), std::move(argv));
  }

  promise<msg::claimed_jobs> claim_unfit(const msg::claim_unfit& x) const {
    auto argv = claim_args();
    argv.insert(argv.end(), {x.job_id, std::to_string(cfg().scan_max)});
    return claim_with(claim_one_script(), std::move(argv));
  }

  promise<msg::claimed_jobs> claim_with(const script& lua,
                                        std::vector<std::string> argv) const {
    auto to = self->make_response_promise<msg::claimed_jobs>();
    reconcile();
    ++st().claims_under_way;
    run(make_command(lua,
                     {std::string{keys::queue}, running_key(), leases_key()},
                     std::move(argv)),
        [sh = *this, to](answer got) mutable {
          deliver(to, sh.claimed(std::move(got)));
        });
    return to;
  }

  result<msg::claimed_jobs> claimed(answer got) const {
    --st().claims_under_way;
    auto decoded = std::move(got).and_then(decode_claim);
    if (!decoded) {
      // It may have claimed jobs that nobody was told of.
      if (decoded.error().kind != failure_kind::unavailable)
        st().reconciles_due = 2;
      return fail(std::move(decoded.error()));
    }
    for (auto& id : decoded->dropped)
      out().warn("job {}: dropped from the queue, its key is not a hash", id);
    msg::claimed_jobs answer;
    answer.more_waiting = decoded->queue_length > 0;
    for (auto& x : decoded->unfit) {
      st().claimed[x.subject.id] = x.subject.fence;
      answer.unfit.push_back({std::move(x.subject), std::move(x.reason)});
    }
    for (auto& x : decoded->jobs)
      st().claimed[x.id] = x.fence;
    answer.jobs = std::move(decoded->jobs);
    return answer;
  }

  // Puts back what an unknown claim took. Twice: a command that was stuck in a
  // socket may run after the first time. Never while a claim is under way,
  // whose jobs we would not know yet.
  void reconcile() const {
    if (st().reconciles_due == 0 || st().claims_under_way > 0)
      return;
    if (--st().reconciles_due > 0)
      arm(reconcile_again, cfg().reconcile_delay);
    std::vector<std::string> argv{cfg().worker_id};
    for (auto& [id, fence] : st().claimed)
      argv.push_back(id);
    run(make_command(reconcile_script(),
                     {std::string{keys::queue}, running_key(), leases_key()},
                     std::move(argv)),
        [sh = *this](answer got) {
          if (!got)
            sh.st().reconciles_due = std::max(2u, sh.st().reconciles_due);
          else
            for (auto& id : got->elements)
              sh.out().warn("job {}: put back, the answer to its claim was "
                            "lost",
                            id.text);
        });
  }

  // -- leases -----------------------------------------------------------------

  // Renderers renew with each report; this is for jobs that wait for a slot,
  // an upload or a write.
  void renew() const {
    arm(renew_leases, cfg().lease / 3);
    renew_gpus();
    if (st().claimed.empty())
      return;
    std::vector<std::string> argv{cfg().worker_id,
                                  std::to_string(cfg().lock_ttl.count()),
                                  std::to_string(cfg().lease.count())};
    for (auto& [id, fence] : st().claimed) {
      argv.push_back(id);
      argv.push_back(std::to_string(fence));
    }
    run(make_command(renew_script(), {leases_key()}, std::move(argv)),
        [](const answer&) {
          // Who has lost a job hears of it when it reports or settles.
        });
  }

  // After an outage everybody's lease has run out, the living ones' too: they
  // get the time of one lease to come back before anything is taken over.
  bool may_take_over() const {
    return st().up_since && self->clock().now() - *st().up_since >= cfg().lease;
  }

  void recover() const {
    arm(recover_jobs, cfg().recover_interval);
    if (!may_take_over())
      return;
    run(make_command(recover_script(), {std::string{keys::queue}, leases_key()},
                     {std::to_string(cfg().recover_max),
                      keys::running_prefix(cfg().prefix),
                      "its worker stopped answering: "}),
        [sh = *this](answer got) {
          auto jobs = std::move(got).and_then(decode_recover);
          if (!jobs)
            return; // The next look is as good.
          for (auto& x : *jobs)
            sh.out().warn("job {}: attempt {} lost, worker {} stopped "
                          "answering; back in the queue",
                          x.id, x.attempt, x.former_owner);
        });
  }

  void renew_gpus() const {
    if (st().gpus.empty())
      return;
    std::vector<std::string> argv{cfg().worker_id,
                                  std::to_string(cfg().lease.count()),
                                  keys::gpu_prefix(cfg().prefix)};
    argv.insert(argv.end(), st().gpus.begin(), st().gpus.end());
    run(make_command(renew_gpus_script(), {keys::gpus(cfg().prefix)},
                     std::move(argv)),
        [sh = *this](answer got) {
          if (got && got->type == reply::kind::array)
            for (auto& id : got->elements)
              sh.out().warn("ledger: entry {} is another worker's now",
                            id.text);
        });
  }

  void note(const msg::note_remote& x) const {
    run(make_command(note_remote_script(), {keys::record(x.job_id)},
                     {cfg().worker_id, std::to_string(x.fence), x.remote}),
        [](const answer&) {
          // Without it a new owner renders anew.
        });
  }

  void note(const msg::note_attempt& x) const {
    auto& job = x.subject;
    run(make_command(note_attempt_script(), {keys::record(job.id)},
                     {cfg().worker_id, std::to_string(job.fence),
                      std::to_string(job.attempt), join_history(job.history)}),
        [](const answer&) {
          // Not worth a second try: see the interface.
        });
  }

  // -- final writes -----------------------------------------------------------

  void write(std::string name, std::function<command()> make,
             job_store_state::handler asker) const {
    auto [at, fresh]
      = st().writes.try_emplace(name, job_store_state::lasting_write{});
    at->second.askers.push_back(std::move(asker));
    if (!fresh)
      return; // Asked twice: one write, two answers.
    at->second.make = std::move(make);
    try_write(name);
  }

  void try_write(const std::string& name) const {
    auto at = st().writes.find(name);
    if (at == st().writes.end() || at->second.under_way)
      return;
    at->second.under_way = true;
    run(at->second.make(), [sh = *this, name](answer got) {
      sh.wrote(name, std::move(got));
    });
  }

  void wrote(const std::string& name, answer got) const {
    auto& st = this->st();
    if (got && got->type == reply::kind::error)
      got = fail(failure_of(got->text));
    if (!got && is_outage(got.error())) {
      st.writes[name].under_way = false;
      st.failed_writes.push_back(name);
      if (st.retry_delay == milliseconds{0}) {
        out().warn("{}: not written, trying again ({})", name,
                   got.error().message);
        st.retry_delay = cfg().retry_min;
        arm(retry_writes, st.retry_delay);
      }
      return;
    }
    if (st.failed_writes.empty())
      st.retry_delay = milliseconds{0};
    auto node = st.writes.extract(name);
    for (auto& asker : node.mapped().askers)
      asker(got);
  }

  void retry_failed_writes() const {
    auto& st = this->st();
    auto names = std::exchange(st.failed_writes, {});
    if (names.empty())
      return;
    st.retry_delay = std::min(st.retry_delay * 2, cfg().retry_max);
    arm(retry_writes, st.retry_delay);
    for (auto& name : names)
      try_write(name);
  }

  promise<msg::job_settled> settle(const msg::settle_job& x) const {
    auto to = self->make_response_promise<msg::job_settled>();
    auto id = x.subject.id;
    if (!x.outcome.success()
        && (x.outcome.error.kind == failure_kind::cancelled
            || x.outcome.error.kind == failure_kind::not_owner
            || x.outcome.error.kind == failure_kind::shutting_down)) {
      out().error("job {}: asked to settle what is not ours to end ({})", id,
                  x.outcome.error.message);
      to.deliver(msg::job_settled{id, false, {}});
      return to;
    }
    write(
      write_name("settle", id, x.subject.fence),
      [sh = *this, x] {
        return sh.settle_command(x);
      },
      [sh = *this, id, fence = x.subject.fence, to](answer got) mutable {
        sh.forget(id, fence);
        deliver(
          to, std::move(got)
                .and_then([&](reply&& y) {
                  return decode_settle(std::move(y), id);
                })
                .map([&](auto&& y) {
                  return msg::job_settled{id, y.written, std::move(y.webhooks)};
                }));
      });
    return to;
  }

  command settle_command(const msg::settle_job& x) const {
    auto& [subject, outcome] = x;
    auto& id = subject.id;
    auto url = notify_url_of(subject.data);
    auto is_text = outcome.success() && outcome.result_url.empty();
    auto now = now_ms();
    return make_command(
      settle_script(),
      {keys::record(id), keys::lock(id), running_key(),
       keys::outbox(cfg().prefix), keys::outbox_entry(cfg().prefix, id),
       leases_key()},
      {cfg().worker_id, id, now_s(), outcome.success() ? "success" : "failed",
       valid_utf8(outcome.error.message), outcome.text, outcome.result_url,
       is_text ? "1" : "0",
       is_recordless(subject) && !outcome.success() ? "1" : "0",
       std::to_string(cfg().made_record_ttl.count()), url,
       url.empty() ? std::string{} : webhook_body(subject, outcome),
       std::to_string(now), std::to_string(now + cfg().outbox_lease.count()),
       std::to_string(subject.fence)});
  }

  // Unless it was claimed again meanwhile.
  void forget(const std::string& id, uint64_t fence) const {
    if (auto at = st().claimed.find(id);
        at != st().claimed.end() && at->second <= fence)
      st().claimed.erase(at);
  }

  promise<caf::ok_atom> release(const msg::release_job& x) const {
    auto to = self->make_response_promise<caf::ok_atom>();
    auto id = x.job_id;
    write(
      write_name("release", id, x.fence),
      [sh = *this, id, fence = std::to_string(x.fence)] {
        return make_command(release_script(),
                            {std::string{keys::queue}, keys::record(id),
                             keys::lock(id), sh.running_key(), sh.leases_key()},
                            {sh.cfg().worker_id, id, fence});
      },
      [sh = *this, id, fence = x.fence, to](answer got) mutable {
        sh.forget(id, fence);
        deliver(to, std::move(got).map([](auto&&) {
          return caf::ok_atom{};
        }));
      });
    return to;
  }

  // -- the launch ledger ------------------------------------------------------

  static result<void> as_owner(const std::string& id, const answer& got) {
    if (!got)
      return fail(got.error());
    if (got->type == reply::kind::error)
      return fail(failure_of(got->text));
    if (got->integer == 0)
      return fail(failure_kind::not_owner,
                  "ledger entry " + id + " is another worker's now");
    return {};
  }

  promise<caf::ok_atom> write_gpu(const msg::write_gpu& x) const {
    auto to = self->make_response_promise<caf::ok_atom>();
    auto& id = x.entry.id;
    st().gpus.insert(id);
    write(
      // A number, so that no write waits for an older one of the same entry.
      "ledger entry " + id + " (" + std::string{to_string(x.entry.state)} + ", "
        + std::to_string(st().last_id) + ")",
      [sh = *this, entry = x.entry] {
        std::vector<std::string> argv{
          sh.cfg().worker_id, std::to_string(sh.cfg().lease.count()), entry.id};
        auto fields = gpu_fields(entry);
        argv.insert(argv.end(), fields.begin(), fields.end());
        return make_command(
          write_gpu_script(),
          {keys::gpus(sh.cfg().prefix), keys::gpu(sh.cfg().prefix, entry.id)},
          std::move(argv));
      },
      [sh = *this, id, to](const answer& got) mutable {
        auto ok = as_owner(id, got);
        if (!ok && ok.error().kind == failure_kind::not_owner)
          sh.st().gpus.erase(id);
        deliver(to, ok.map([] {
          return caf::ok_atom{};
        }));
      });
    return to;
  }

  promise<caf::ok_atom> close_gpu(const msg::close_gpu& x) const {
    auto to = self->make_response_promise<caf::ok_atom>();
    auto& id = x.entry.id;
    write(
      "end of ledger entry " + id,
      [sh = *this, x] {
        auto& prefix = sh.cfg().prefix;
        auto& worker = sh.cfg().worker_id;
        return make_command(close_gpu_script(),
                            {keys::gpus(prefix), keys::gpu(prefix, x.entry.id),
                             keys::closed_gpus(prefix)},
                            {worker, x.entry.id,
                             closed_gpu_json(x, worker, sh.st().deps.now()),
                             std::to_string(sh.cfg().closed_gpus_max)});
      },
      [sh = *this, id, to](const answer& got) mutable {
        sh.st().gpus.erase(id);
        deliver(to, as_owner(id, got).map([] {
          return caf::ok_atom{};
        }));
      });
    return to;
  }

  promise<msg::gpus_taken> take_gpus(const msg::take_gpus& x) const {
    auto to = self->make_response_promise<msg::gpus_taken>();
    if (!may_take_over()) {
      to.deliver(msg::gpus_taken{});
      return to;
    }
    run(make_command(take_gpus_script(), {keys::gpus(cfg().prefix)},
                     {cfg().worker_id, std::to_string(cfg().lease.count()),
                      keys::gpu_prefix(cfg().prefix), std::to_string(x.limit)}),
        [sh = *this, to](answer got) mutable {
          auto taken = std::move(got).and_then(decode_gpus);
          if (taken)
            for (auto& entry : taken->entries)
              sh.st().gpus.insert(entry.id);
          deliver(to, std::move(taken));
        });
    return to;
  }

  // -- progress, outbox, ping -------------------------------------------------

  promise<msg::ownership> progress(const msg::report_progress& x) const {
    auto to = self->make_response_promise<msg::ownership>();
    run(
      make_command(progress_script(),
                   {keys::record(x.job_id), keys::lock(x.job_id), leases_key()},
                   {cfg().worker_id, std::to_string(cfg().lock_ttl.count()),
                    valid_utf8(x.stage), number_text(x.progress), now_s(),
                    std::to_string(x.fence),
                    std::to_string(cfg().lease.count()), x.job_id}),
      [to](answer got) mutable {
        deliver(to, std::move(got).and_then(decode_ownership).map([](auto&& y) {
          return msg::ownership{y.ours, std::move(y.status)};
        }));
      });
    return to;
  }

  promise<msg::webhooks_taken>
  take_webhooks(const msg::take_webhooks& x) const {
    auto to = self->make_response_promise<msg::webhooks_taken>();
    auto now = now_ms();
    run(make_command(
          take_webhooks_script(), {keys::outbox(cfg().prefix)},
          {std::to_string(now), std::to_string(now + x.lease.count()),
           std::to_string(x.limit), keys::outbox_entry_prefix(cfg().prefix)}),
        [to](answer got) mutable {
          deliver(to,
                  std::move(got).and_then(decode_webhooks).map([](auto&& y) {
                    return msg::webhooks_taken{std::move(y)};
                  }));
        });
    return to;
  }

  promise<caf::ok_atom> record(const msg::record_delivery& x) const {
    auto to = self->make_response_promise<caf::ok_atom>();
    static constexpr std::string_view states[] = {"delivered", "retry_later",
                                                  "dead"};
    auto now = now_ms();
    auto& id = x.entry.job_id;
    auto due = now + x.delay.count();
    // Tried until Redis has answered: a receiver should not hear twice of a job
    // because Redis was away.
    auto made = make_command(
      record_delivery_script(),
      {keys::outbox(cfg().prefix), keys::dead_webhooks(cfg().prefix),
       keys::outbox_entry(cfg().prefix, id)},
      {id, std::string{states[static_cast<size_t>(x.state)]},
       std::to_string(x.entry.attempts), valid_utf8(x.error),
       std::to_string(now), std::to_string(due),
       std::to_string(cfg().dead_letter_max),
       keys::outbox_entry_prefix(cfg().prefix)});
    write(
      "delivery of webhook " + x.entry.id + " (try "
        + std::to_string(x.entry.attempts) + ")",
      [made = std::move(made)] {
        return made;
      },
      [sh = *this, to](answer got) mutable {
        if (got && got->integer > 0)
          sh.out().warn("webhooks: {} oldest dead letters removed, {} are "
                        "kept",
                        got->integer, sh.cfg().dead_letter_max);
        deliver(to, std::move(got).map([](auto&&) {
          return caf::ok_atom{};
        }));
      });
    return to;
  }

  promise<std::string> version() const {
    auto to = self->make_response_promise<std::string>();
    command x;
    x.args = {"INFO", "server"};
    run(std::move(x), [to](answer got) mutable {
      deliver(to, std::move(got).and_then([](reply&& y) {
        return decode_version(y);
      }));
    });
    return to;
  }
};

} // namespace

job_store_shell_actor::behavior_type
job_store_behavior(self_ptr self, job_store::config cfg, job_store_deps deps) {
  auto& st = self->state;
  st.deps = std::move(deps);
  st.link = st.deps.make_link(
    cfg.redis,
    [me = caf::actor_cast<job_store_shell_actor>(self)](redis_events xs) {
      caf::anon_send(me, std::move(xs));
    });
  st.cfg = std::move(cfg);
  shell sh{self};
  sh.arm(recover_jobs, st.cfg.recover_interval);
  sh.arm(renew_leases, st.cfg.lease / 3);
  return {
    [sh](const msg::await_work& x) {
      return sh.await_work(x);
    },
    [sh](const msg::peek_queue& x) {
      return sh.peek(x);
    },
    [sh](const msg::claim_jobs& x) {
      return sh.claim(x);
    },
    [sh](const msg::claim_unfit& x) {
      return sh.claim_unfit(x);
    },
    [sh](const msg::settle_job& x) {
      return sh.settle(x);
    },
    [sh](const msg::release_job& x) {
      return sh.release(x);
    },
    [sh](const msg::note_attempt& x) {
      sh.note(x);
    },
    [sh](const msg::note_remote& x) {
      sh.note(x);
    },
    [sh](const msg::write_gpu& x) {
      return sh.write_gpu(x);
    },
    [sh](const msg::close_gpu& x) {
      return sh.close_gpu(x);
    },
    [sh](const msg::leave_gpu& x) {
      sh.st().gpus.erase(x.id);
    },
    [sh](const msg::take_gpus& x) {
      return sh.take_gpus(x);
    },
    [sh](const msg::report_progress& x) {
      return sh.progress(x);
    },
    [sh](const msg::take_webhooks& x) {
      return sh.take_webhooks(x);
    },
    [sh](const msg::record_delivery& x) {
      return sh.record(x);
    },
    [sh](caf::get_atom) {
      return sh.version();
    },
    [sh](redis_events& x) {
      sh.on_events(x);
    },
    [sh](const msg::timer_due& x) {
      sh.on_timer(x);
    },
  };
}

} // namespace render
