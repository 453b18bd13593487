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

std::string shell::mark_key(const std::string& session) const {
  return keys::mark(cfg().prefix, session);
}

void shell::confirm(write_number number) const {
  st().confirmed = std::max(st().confirmed, number);
}

void shell::confirm(const std::string& session, write_number number) const {
  if (session == st().session)
    confirm(number);
}

void shell::journaled(const result<void>& done) const {
  if (!done && !st().journal_failing)
    out().error("{}; until it works again, what this worker owns is known to "
                "Redis and to this process alone",
                done.error().message);
  else if (done && st().journal_failing)
    out().info("journal: it can be written again");
  st().journal_failing = !done;
}

held_job* shell::held_of(const std::string& id, uint64_t fence) const {
  auto at = st().held.find(id);
  return at != st().held.end() && at->second.subject.fence == fence
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
  x.owner = cfg().worker_id;
  x.session = st().session;
  x.claimed = number;
  auto& slot = st().held[subject.id];
  slot = std::move(x);
  keep(slot);
}

void shell::drop(const std::string& id, uint64_t fence) const {
  if (!held_of(id, fence))
    return;
  journaled(st().deps.local->erase_job(st().session, id));
  st().held.erase(id);
}

void shell::hold(held_gpu x, write_number number) const {
  confirm(number);
  x.written = number;
  auto& slot = st().held_gpus[x.id];
  // Most writes are signs of life.
  auto same = slot.fields == x.fields && slot.owner == x.owner;
  slot = std::move(x);
  if (!same)
    journaled(st().deps.local->put(slot));
}

void shell::drop_gpu(const std::string& id) const {
  st().gpus.erase(id);
  if (st().held_gpus.erase(id) > 0)
    journaled(st().deps.local->erase_gpu(st().session, id));
}

void shell::forget_ended() const {
  auto now = st().deps.now();
  auto at = self->clock().now();
  if (at < st().forgets_next_at)
    return;
  st().forgets_next_at = at + forget_every;
  for (auto next = st().held.begin(); next != st().held.end();) {
    auto x = next++;
    if (!may_be_forgotten(x->second, now))
      continue;
    journaled(st().deps.local->erase_job(x->second.session, x->first));
    st().held.erase(x);
  }
}

} // namespace render::job_store
