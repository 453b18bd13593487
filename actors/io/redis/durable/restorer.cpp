#include "actors/io/redis/durable/restorer.hpp"

#include "actors/io/redis/calls.hpp"
#include "actors/io/redis/durable/replay.hpp"
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/look_at_gpu.hpp"
#include "actors/io/redis/scripts/settle.hpp"

#include <utility>

namespace render::job_store {

namespace {

/// A mark lives for seven days; what is older cannot be told from what others
/// have removed on purpose.
constexpr double too_old_s = 6 * 86'400;

/// Until Redis has given a job that a dead process left to somebody else, it
/// could still lose it: when to look once more.
constexpr int leases_until_taken = 3;

} // namespace

restorer::restorer(durable& redis, const holdings& gpus)
  : redis_(redis), gpus_(gpus), left_(redis.left()) {
  // nop
}

// -- loss ---------------------------------------------------------------------

void restorer::check_loss(std::function<void(bool lost)> then) {
  askers_.push_back(std::move(then));
  if (std::exchange(checking_, true))
    return;
  redis_.write(
    "look at the mark of " + to_string(redis_.session),
    [this](write_number) {
      command x;
      x.args = {"GET", keys::mark(redis_.cfg.worker.prefix, redis_.session)};
      return x;
    },
    [this](const answer& got, write_number) {
      // What cannot be read proves no loss. Answers come in order: what was
      // confirmed before is in it.
      auto confirmed = static_cast<double>(redis_.confirmed());
      if (got && parse_number(got->text).value_or(0) < confirmed)
        restore_all();
      else
        answer_askers(false);
    });
}

void restorer::answer_askers(bool lost) {
  checking_ = false;
  for (auto& then : std::exchange(askers_, {}))
    then(lost);
}

void restorer::restore_all() {
  redis_.cfg.counts->losses.add();
  redis_.log->error(
    "Redis has lost writes that it had confirmed (FLUSHALL, a restart "
    "without persistence, a failover?): {} job(s) and {} GPU(s) are "
    "written again",
    redis_.jobs().size(), redis_.gpus().size());
  open_ = 1;
  for (auto& [id, x] : redis_.jobs()) {
    ++open_;
    restore(x, redis_.cfg.worker.lease, [this, x = x](restore_answer said) {
      if (said == restore_answer::restored && x.settled > 0)
        end_again(x, [this] {
          on_restored();
        });
      else
        on_restored();
    });
  }
  for (auto& [id, x] : redis_.gpus()) {
    ++open_;
    // A write of the entry that is under way is waited for in its place: each
    // says all of the entry, or ends it.
    redis_.write(
      durable::ledger_write(id),
      [this, x = x](write_number number) {
        return write_gpu_call(redis_, x, gpus_.has(x.id), number);
      },
      [this, id = id](const answer& got, write_number) {
        if (got && got->integer == 1)
          redis_.log->warn("ledger: entry {} is written again", id);
        on_restored();
      });
  }
  on_restored();
}

void restorer::on_restored() {
  if (--open_ > 0)
    return;
  redis_.write(
    "mark of what Redis has",
    [this](write_number number) {
      command x;
      x.args = {"SET", keys::mark(redis_.cfg.worker.prefix, redis_.session),
                std::to_string(number), "EX", "604800"};
      return x;
    },
    [this](const answer& got, write_number number) {
      if (got)
        redis_.confirm(number);
      answer_askers(true);
    });
}

// -- one job ------------------------------------------------------------------

void restorer::restore(const held_job& x, milliseconds lease,
                       std::function<void(restore_answer said)> then) {
  auto& job = x.subject;
  redis_.write(
    durable::claim_write("restore", job.id, job.fence) + " of "
      + to_string(x.session),
    [this, x, lease](write_number) {
      restore_args what;
      what.worker = redis_.cfg.worker;
      what.worker.id = x.owner;
      what.worker.lease = lease;
      what.subject = x.subject;
      what.session = x.session;
      what.confirmed = x.confirmed();
      what.now_s = redis_.now_s();
      return make_command(call_of(what));
    },
    [this, id = job.id, owner = x.owner,
     then = std::move(then)](const answer& got, write_number) {
      auto said = read_restore(got);
      if (said == restore_answer::restored)
        redis_.log->warn("job {}: Redis had lost it; written again as it was "
                         "with worker {}",
                         id, owner);
      else if (got && said == restore_answer::taken)
        redis_.log->warn("job {}: Redis had lost the claim of worker {}, and "
                         "somebody else has had it since",
                         id, owner);
      then(said);
    });
}

void restorer::end_again(const held_job& x, done then) {
  auto& job = x.subject;
  redis_.write(
    durable::claim_write("settle again", job.id, job.fence) + " of "
      + to_string(x.session),
    [this, x](write_number number) {
      return settle_call(redis_, x, milliseconds{0}, number);
    },
    [this, x, then = std::move(then)](const answer& got, write_number number) {
      auto written = answer{got}.and_then(read_settle);
      if (!written || !written->written)
        return then();
      redis_.log->warn("job {}: its end ({}) is written again", x.subject.id,
                       x.outcome->success() ? "success" : "failed");
      redis_.on_settled(x.subject.id, x.subject.fence, x.session, number);
      if (!x.delivery)
        return then();
      deliver_again(x, then);
    });
}

void restorer::deliver_again(const held_job& x, done then) {
  auto& job = x.subject;
  redis_.write(
    durable::claim_write("delivery again", job.id, job.fence) + " of "
      + to_string(x.session),
    [this, x](write_number number) {
      return delivery_call(redis_, x.subject.id, *x.delivery, milliseconds{0},
                           redis_.mark(x.session, number));
    },
    [this, x, then = std::move(then)](const answer& got, write_number number) {
      if (got)
        redis_.on_delivered(x.subject.id, x.subject.fence, x.session, number);
      then();
    });
}

// -- what earlier processes left ----------------------------------------------

void restorer::replay_left() {
  auto left = std::exchange(left_, {});
  for (auto& x : left.jobs)
    replay(x, false);
  for (auto& x : left.gpus)
    replay(x);
  if (!left.jobs.empty())
    redis_.arm(replay_again, leases_until_taken * redis_.cfg.worker.lease);
}

void restorer::replay_known() {
  for (auto& x : std::exchange(known_, {}))
    replay(x, true);
}

void restorer::replay(const held_job& x, bool again) {
  auto done = [this, session = x.session, id = x.subject.id] {
    redis_.erase_job(session, id);
  };
  if (redis_.now_s() - x.changed_s > too_old_s)
    return done();
  // Nobody works on it: with a lease that has run out it goes back to the
  // queue as any dead worker's job.
  auto lease = x.outcome ? redis_.cfg.worker.lease : milliseconds{0};
  restore(x, lease, [this, x, again, done](restore_answer said) {
    // Nobody else knows yet that a lease has run out here.
    if (said == restore_answer::restored && !x.outcome)
      redis_.arm(recover_jobs, redis_.cfg.recover.least);
    switch (after_restore(said, x, again)) {
    case replay_step::keep:
      return known_.push_back(x);
    case replay_step::forget:
      return done();
    case replay_step::end_again:
      return end_again(x, done);
    case replay_step::deliver_again:
      return deliver_again(x, done);
    }
  });
}

script_call restorer::look_at(const held_gpu& x) const {
  return call_of(look_at_gpu_args{redis_.cfg.worker.prefix, x.id, x.session,
                                  x.owner, x.written});
}

// Its GPU may still run: in the ledger, with a lease that has run out, it is
// taken over by whoever can use it, or stopped.
void restorer::replay(const held_gpu& x) {
  redis_.write(
    "look at ledger entry " + x.id + " of " + to_string(x.session),
    [this, x](write_number) {
      return make_command(look_at(x));
    },
    [this, x](const answer& got, write_number) {
      auto said = read_look_at_gpu(got);
      if (said && *said != look_at_gpu_answer::gone)
        keep_left(x, *said == look_at_gpu_answer::lost);
      else
        redis_.erase_gpu(x.session, x.id);
    });
}

// Redis could lose it until somebody has it: from now on our own mark tells.
void restorer::keep_left(const held_gpu& x, bool lost) {
  auto ours = x;
  ours.session = redis_.session;
  redis_.write(
    durable::ledger_write(x.id),
    [this, ours](write_number number) {
      return write_gpu_call(redis_, ours, gpus_.has(ours.id), number);
    },
    [this, x, ours, lost](const answer& got, write_number number) {
      if (got && got->integer == 1) {
        if (lost)
          redis_.log->warn(
            "ledger: entry {} of worker {}, which Redis had lost, "
            "is written again",
            x.id, x.owner);
        redis_.keep(ours, number);
        redis_.arm(look_at_left_gpus_again, redis_.cfg.worker.lease);
      }
      redis_.erase_gpu(x.session, x.id);
    });
}

void restorer::look_at_left_gpus() {
  bool any = false;
  for (auto& [id, x] : redis_.gpus()) {
    if (gpus_.has(id))
      continue;
    any = true;
    redis_.run(look_at(x), [this, id = id](const answer& got) {
      auto said = read_look_at_gpu(got);
      if (said && *said == look_at_gpu_answer::gone && !gpus_.has(id))
        redis_.drop_gpu(id);
    });
  }
  if (any)
    redis_.arm(look_at_left_gpus_again, redis_.cfg.worker.lease);
}

} // namespace render::job_store
