// What we own, in memory and in the journal.
#include "actors/io/redis/durable/replay.hpp"
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/shell.hpp"

#include <algorithm>

namespace render::job_store {

namespace {

/// How often we look for what may be forgotten: there may be thousands.
constexpr auto forget_every = std::chrono::minutes{1};

} // namespace

std::string shell::mark_key(const node_id& session) const {
  return keys::mark(cfg().worker.prefix, session);
}

void shell::redis_has(write_number number) const {
  st().durable.confirmed = std::max(st().durable.confirmed, number);
}

void shell::redis_has(const node_id& session, write_number number) const {
  if (session == st().durable.session)
    redis_has(number);
}

void shell::journaled(const result<void>& done) const {
  if (!done && !st().durable.journal_failing)
    out().error("{}; until it works again, what this worker owns is known to "
                "Redis and to this process alone",
                done.error().message);
  else if (done && st().durable.journal_failing)
    out().info("journal: it can be written again");
  st().durable.journal_failing = !done;
}

held_job* shell::held_of(const std::string& id, uint64_t fence) const {
  auto at = st().durable.held.find(id);
  return at != st().durable.held.end() && at->second.subject.fence == fence
           ? &at->second
           : nullptr;
}

void shell::keep(held_job& x) const {
  x.changed_s = st().deps.now();
  journaled(st().deps.local->put(x));
}

void shell::hold(const job& subject, write_number number) const {
  // Without a record there is nothing that Redis could lose but the id.
  if (is_recordless(subject))
    return;
  held_job x;
  x.subject = subject;
  x.owner = cfg().worker.id;
  x.session = st().durable.session;
  x.claimed = number;
  auto& slot = st().durable.held[subject.id];
  slot = std::move(x);
  keep(slot);
}

void shell::drop(const std::string& id, uint64_t fence) const {
  if (!held_of(id, fence))
    return;
  journaled(st().deps.local->erase_job(st().durable.session, id));
  st().durable.held.erase(id);
}

void shell::hold(held_gpu x, write_number number) const {
  redis_has(number);
  x.written = number;
  auto& slot = st().durable.held_gpus[x.id];
  // Most writes are signs of life.
  auto same = slot.fields == x.fields && slot.owner == x.owner;
  slot = std::move(x);
  if (!same)
    journaled(st().deps.local->put(slot));
}

void shell::drop_gpu(const std::string& id) const {
  st().gpus.forget(id, 0);
  st().gpu_writers.erase(id);
  if (st().durable.held_gpus.erase(id) > 0)
    journaled(st().deps.local->erase_gpu(st().durable.session, id));
}

void shell::forget_ended() const {
  auto now = st().deps.now();
  auto at = self->clock().now();
  if (at < st().durable.forgets_next_at)
    return;
  st().durable.forgets_next_at = at + forget_every;
  for (auto next = st().durable.held.begin();
       next != st().durable.held.end();) {
    auto x = next++;
    if (!may_be_forgotten(x->second, now))
      continue;
    journaled(st().deps.local->erase_job(x->second.session, x->first));
    st().durable.held.erase(x);
  }
}

} // namespace render::job_store
