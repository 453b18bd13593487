#include "actors/io/redis/durable/durable.hpp"

#include "actors/io/redis/durable/replay.hpp"

#include <utility>

namespace render::job_store {

namespace {

/// How often we look for what may be forgotten: there may be thousands.
constexpr auto forget_every = std::chrono::minutes{1};

} // namespace

durable::durable(config terms, logger to, std::shared_ptr<journal> kept_in,
                 double started_s)
  : port(std::move(terms), std::move(to)), session{cfg.worker.id,
                                                   static_cast<uint64_t>(
                                                     started_s * 1000)},
    journal_(std::move(kept_in)) {
  // nop
}

// -- writes -------------------------------------------------------------------

std::string durable::claim_write(std::string_view what, const std::string& id,
                                 uint64_t fence) {
  return std::string{what} + " of job " + id + " (claim "
         + std::to_string(fence) + ")";
}

std::string durable::ledger_write(const std::string& id) {
  return "write of ledger entry " + id;
}

void durable::write(const std::string& name, maker make, asker then) {
  if (writes_.ask(name, std::move(make), std::move(then)))
    try_write(name);
}

void durable::overwrite(const std::string& name, maker make, asker then) {
  writes_.overwrite(name, std::move(make), std::move(then));
  try_write(name);
}

void durable::retry_failed() {
  for (auto& name : writes_.take_failed())
    try_write(name);
}

void durable::try_write(const std::string& name) {
  auto number = last_number_ + 1;
  auto what = writes_.begin(name, number);
  if (!what)
    return;
  last_number_ = number;
  run(std::move(*what), [this, name](answer got) {
    on_answer(name, std::move(got));
  });
}

void durable::on_answer(const std::string& name, answer got) {
  if (got && got->type == reply::kind::error)
    got = fail(failure_of(got->text));
  auto next = writes_.on_answer(name, got, cfg.retries);
  if (next.is_old)
    return try_write(name);
  if (next.begins_to_fail)
    log->warn("{}: not confirmed, trying again ({})", name,
              got.error().message);
  if (next.retry_in)
    arm(retry_writes, *next.retry_in);
  for (auto& asker : next.askers)
    asker(got, next.number);
}

// -- what is ours -------------------------------------------------------------

const held_job* durable::find(const std::string& id, uint64_t fence) const {
  auto at = jobs_.find(id);
  return at != jobs_.end() && at->second.subject.fence == fence ? &at->second
                                                                : nullptr;
}

void durable::journaled(const result<void>& done) {
  if (!done && !journal_failing_)
    log->error("{}; until it works again, what this worker owns is known "
               "to Redis and to this process alone",
               done.error().message);
  else if (done && journal_failing_)
    log->info("journal: it can be written again");
  if (!done)
    cfg.counts->journal_errors.add();
  journal_failing_ = !done;
}

void durable::keep(const job& subject, write_number number) {
  // Without a record there is nothing that Redis could lose but the id.
  if (is_recordless(subject))
    return;
  auto& x = jobs_[subject.id];
  x = {};
  x.subject = subject;
  x.owner = cfg.worker.id;
  x.session = session;
  x.claimed = number;
  put(x);
}

void durable::change(const std::string& id, uint64_t fence,
                     const std::function<void(held_job&)>& how) {
  if (!find(id, fence))
    return;
  auto& x = jobs_.at(id);
  how(x);
  put(x);
}

void durable::put(held_job& x) {
  x.changed_s = now_s();
  journaled(journal_->put(x));
}

void durable::on_settled(const std::string& id, uint64_t fence,
                         const node_id& of, write_number number) {
  if (of == session)
    confirm(number);
  change(id, fence, [number](held_job& x) {
    x.settled = number;
  });
}

void durable::on_delivered(const std::string& id, uint64_t fence,
                           const node_id& of, write_number number) {
  if (of == session)
    confirm(number);
  if (auto* known = find(id, fence); known && known->delivery)
    change(id, fence, [number](held_job& x) {
      x.delivery->confirmed = number;
    });
}

void durable::drop(const std::string& id, uint64_t fence) {
  if (!find(id, fence))
    return;
  erase_job(session, id);
  jobs_.erase(id);
}

void durable::forget_ended() {
  if (now() < forgets_next_at_)
    return;
  forgets_next_at_ = now() + forget_every;
  for (auto next = jobs_.begin(); next != jobs_.end();) {
    auto at = next++;
    if (!may_be_forgotten(at->second, now_s()))
      continue;
    erase_job(at->second.session, at->first);
    jobs_.erase(at);
  }
}

void durable::keep(held_gpu x, write_number number) {
  confirm(number);
  x.written = number;
  auto& slot = gpus_[x.id];
  // Most writes are signs of life.
  auto same = slot.fields == x.fields && slot.owner == x.owner;
  slot = std::move(x);
  if (!same)
    journaled(journal_->put(slot));
}

void durable::drop_gpu(const std::string& id) {
  if (gpus_.erase(id) > 0)
    erase_gpu(session, id);
}

held durable::left() {
  auto out = journal_->left();
  if (!out)
    journaled(fail(out.error()));
  return out ? std::move(*out) : held{};
}

void durable::erase_job(const node_id& of, const std::string& id) {
  journaled(journal_->erase_job(of, id));
}

void durable::erase_gpu(const node_id& of, const std::string& id) {
  journaled(journal_->erase_gpu(of, id));
}

} // namespace render::job_store
