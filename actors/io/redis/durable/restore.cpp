// When Redis has lost what it had confirmed (FLUSHALL, a restart without
// persistence, a failover to a replica that lagged), and when an earlier
// process has left something behind: both are made good from what we hold.
#include "actors/io/redis/durable/replay.hpp"
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/look_at_gpu.hpp"
#include "actors/io/redis/shell.hpp"

#include <limits>
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

// -- loss ---------------------------------------------------------------------

void shell::look_at_mark(std::function<void(double at)> then) const {
  write(
    "look at the mark of " + to_string(st().durable.session),
    [key = mark_key(st().durable.session)](write_number) {
      command x;
      x.args = {"GET", key};
      return x;
    },
    // What cannot be read proves no loss.
    [then = std::move(then)](const answer& got, write_number) {
      then(got ? parse_number(got->text).value_or(0)
               : std::numeric_limits<double>::infinity());
    });
}

void shell::check_loss(std::function<void(bool lost)> then) const {
  st().durable.loss_askers.push_back(std::move(then));
  if (std::exchange(st().durable.checking_loss, true))
    return;
  look_at_mark([sh = *this](double at) {
    // Answers come in order: what was confirmed before is in it.
    if (at >= static_cast<double>(sh.st().durable.confirmed))
      sh.loss_checked(false);
    else
      sh.restore_all();
  });
}

void shell::loss_checked(bool lost) const {
  st().durable.checking_loss = false;
  for (auto& then : std::exchange(st().durable.loss_askers, {}))
    then(lost);
}

void shell::restore_all() const {
  out().error(
    "Redis has lost writes that it had confirmed (FLUSHALL, a restart "
    "without persistence, a failover?): {} job(s) and {} GPU(s) are "
    "written again",
    st().durable.held.size(), st().durable.held_gpus.size());
  st().durable.restores_open = 1;
  std::vector<held_job> jobs;
  for (auto& [id, x] : st().durable.held)
    jobs.push_back(x);
  for (auto& x : jobs) {
    ++st().durable.restores_open;
    restore(x, cfg().worker.lease, [sh = *this, x](restore_answer said) {
      auto done = [sh] {
        sh.restored_one();
      };
      if (said != restore_answer::restored || x.settled == 0)
        return done();
      sh.end_again(x, done);
    });
  }
  for (auto& [id, x] : st().durable.held_gpus) {
    ++st().durable.restores_open;
    // What may be on its way says all of it, or is its end, and is waited for:
    // the mark says that all that was confirmed is there.
    write(
      ledger_write(id),
      [sh = *this, x = x](write_number number) {
        return make_command(sh.gpu_command(x, number));
      },
      [sh = *this, x = x](const answer& got, write_number) {
        if (got && got->integer == 1)
          sh.out().warn("ledger: entry {} is written again", x.id);
        sh.restored_one();
      });
  }
  restored_one();
}

void shell::restored_one() const {
  if (--st().durable.restores_open > 0)
    return;
  write(
    "mark of what Redis has",
    [key = mark_key(st().durable.session)](write_number number) {
      command x;
      x.args = {"SET", key, std::to_string(number), "EX", "604800"};
      return x;
    },
    [sh = *this](const answer& got, write_number number) {
      if (got)
        sh.redis_has(number);
      sh.loss_checked(true);
    });
}

void shell::restore(const held_job& x, milliseconds lease,
                    std::function<void(restore_answer said)> then) const {
  auto& job = x.subject;
  write(
    write_name("restore", job.id, job.fence) + " of " + to_string(x.session),
    [sh = *this, x, lease](write_number) {
      restore_args what;
      what.worker = sh.cfg().worker;
      what.worker.id = x.owner;
      what.worker.lease = lease;
      what.subject = x.subject;
      what.session = x.session;
      what.confirmed = x.confirmed();
      what.now_s = sh.now_s();
      return make_command(call_of(what));
    },
    [sh = *this, id = job.id, owner = x.owner,
     then = std::move(then)](const answer& got, write_number) {
      auto said = read_restore(got);
      if (said == restore_answer::restored)
        sh.out().warn("job {}: Redis had lost it; written again as it was with "
                      "worker {}",
                      id, owner);
      else if (got && said == restore_answer::taken)
        sh.out().warn("job {}: Redis had lost the claim of worker {}, and "
                      "somebody else has had it since",
                      id, owner);
      then(said);
    });
}

void shell::end_again(const held_job& x, std::function<void()> then) const {
  auto& job = x.subject;
  write(
    write_name("settle again", job.id, job.fence) + " of "
      + to_string(x.session),
    [sh = *this, x](write_number number) {
      return make_command(call_of(sh.end_of(x, milliseconds{0}, number)));
    },
    [sh = *this, x, then = std::move(then)](const answer& got,
                                            write_number number) {
      auto written = answer{got}.and_then(read_settle);
      if (!written || !written->written)
        return then();
      sh.out().warn("job {}: its end ({}) is written again", x.subject.id,
                    x.outcome->success() ? "success" : "failed");
      sh.settled(x.subject.id, x.subject.fence, x.session, number);
      if (!x.delivery)
        return then();
      sh.deliver_again(x, then);
    });
}

void shell::deliver_again(const held_job& x, std::function<void()> then) const {
  auto& job = x.subject;
  write(
    write_name("delivery again", job.id, job.fence) + " of "
      + to_string(x.session),
    [sh = *this, x](write_number number) {
      return make_command(sh.delivery_of(x.subject.id, *x.delivery,
                                         milliseconds{0},
                                         sh.mark(x.session, number)));
    },
    [sh = *this, x, then = std::move(then)](const answer& got,
                                            write_number number) {
      if (got)
        sh.delivered(x.subject.id, x.subject.fence, x.session, number);
      then();
    });
}

// -- what earlier processes left ----------------------------------------------

void shell::replay_left() const {
  auto left = std::exchange(st().durable.left, {});
  for (auto& x : left.jobs)
    replay(x, false);
  for (auto& x : left.gpus)
    replay(x);
  if (!left.jobs.empty())
    arm(replay_again, leases_until_taken * cfg().worker.lease);
}

void shell::replay_known() const {
  for (auto& x : std::exchange(st().durable.left_known, {}))
    replay(x, true);
}

script_call shell::look_at_gpu(const held_gpu& x) const {
  return call_of(
    look_at_gpu_args{cfg().worker.prefix, x.id, x.session, x.owner, x.written});
}

// Its GPU may still run: in the ledger, with a lease that has run out, it is
// taken over by whoever can use it, or stopped.
void shell::replay(const held_gpu& x) const {
  write(
    "look at ledger entry " + x.id + " of " + to_string(x.session),
    [sh = *this, x](write_number) {
      return make_command(sh.look_at_gpu(x));
    },
    [sh = *this, x](const answer& got, write_number) {
      auto said = read_look_at_gpu(got);
      if (said && *said != look_at_gpu_answer::gone)
        sh.keep_left(x, *said == look_at_gpu_answer::lost);
      else
        sh.journaled(sh.st().deps.local->erase_gpu(x.session, x.id));
    });
}

// Redis could lose it until somebody has it: from now on our own mark tells.
void shell::keep_left(const held_gpu& x, bool lost) const {
  auto kept = x;
  kept.session = st().durable.session;
  write(
    ledger_write(x.id),
    [sh = *this, kept](write_number number) {
      return make_command(sh.gpu_command(kept, number));
    },
    [sh = *this, x, kept, lost](const answer& got, write_number number) {
      if (got && got->integer == 1) {
        if (lost)
          sh.out().warn("ledger: entry {} of worker {}, which Redis had lost, "
                        "is written again",
                        x.id, x.owner);
        sh.hold(kept, number);
        sh.arm(look_at_left_gpus, sh.cfg().worker.lease);
      }
      sh.journaled(sh.st().deps.local->erase_gpu(x.session, x.id));
    });
}

void shell::look_at_left() const {
  bool any = false;
  for (auto& [id, x] : st().durable.held_gpus) {
    if (st().gpus.has(id))
      continue;
    any = true;
    run(look_at_gpu(x), [sh = *this, id = id](const answer& got) {
      auto said = read_look_at_gpu(got);
      if (said && *said == look_at_gpu_answer::gone && !sh.st().gpus.has(id))
        sh.drop_gpu(id);
    });
  }
  if (any)
    arm(look_at_left_gpus, cfg().worker.lease);
}

void shell::replay(const held_job& x, bool again) const {
  auto done = [sh = *this, session = x.session, id = x.subject.id] {
    sh.journaled(sh.st().deps.local->erase_job(session, id));
  };
  if (st().deps.now() - x.changed_s > too_old_s)
    return done();
  // Nobody works on it: with a lease that has run out it goes back to the
  // queue as any dead worker's job.
  auto lease = x.outcome ? cfg().worker.lease : milliseconds{0};
  restore(x, lease, [sh = *this, x, again, done](restore_answer said) {
    // Nobody else knows yet that a lease has run out here.
    if (said == restore_answer::restored && !x.outcome)
      sh.arm(recover_jobs, sh.cfg().recover.least);
    switch (after_restore(said, x, again)) {
    case replay_step::keep:
      return sh.st().durable.left_known.push_back(x);
    case replay_step::forget:
      return done();
    case replay_step::end_again:
      return sh.end_again(x, done);
    case replay_step::deliver_again:
      return sh.deliver_again(x, done);
    }
  });
}

} // namespace render::job_store
