#include "app/records/sight.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "app/records/fleet.hpp"
#include "app/records/queue.hpp"
#include "app/records/webhooks.hpp"

#include <algorithm>
#include <charconv>

namespace render::records {

namespace {

namespace keys = job_store::keys;

constexpr uint32_t looked_at_max = 1'000;
constexpr uint32_t webhooks_max = 50;
constexpr double lately_s = 3'600;

/// "name:value" of a line of INFO; empty when there is none.
std::string info_value(const std::string& text, const std::string& name) {
  auto at = text.find("\n" + name + ":");
  if (at == std::string::npos)
    return {};
  auto begin = at + name.size() + 2;
  return text.substr(begin, text.find_first_of("\r\n", begin) - begin);
}

uint64_t whole(const std::string& text) {
  uint64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

/// A managed Redis may not allow INFO: then nothing is known, which is no
/// fault.
redis_health look_at_redis(redis& db) {
  redis_health out;
  if (auto memory = db.ask({"INFO", "memory"})) {
    out.used = whole(info_value(memory->text, "used_memory"));
    out.limit = whole(info_value(memory->text, "maxmemory"));
    out.eviction = info_value(memory->text, "maxmemory_policy");
  }
  if (auto disk = db.ask({"INFO", "persistence"})) {
    out.last_save = info_value(disk->text, "rdb_last_bgsave_status");
    auto aof = info_value(disk->text, "aof_last_write_status");
    if (!aof.empty() && aof != "ok")
      out.last_save = aof;
  }
  return out;
}

result<void> look_at_queue(redis& db, double now, fleet_sight& to) {
  auto length = db.ask({"LLEN", "queue:jobs"});
  if (!length)
    return fail(length.error());
  auto jobs = read_queue(db, 0, looked_at_max);
  if (!jobs)
    return fail(jobs.error());
  for (auto& x : *jobs) {
    if (is_final(x.status))
      continue;
    auto& of = to.waiting[x.type.empty() ? "unknown" : x.type];
    ++of.jobs;
    if (x.created_at_s > 0)
      of.oldest_s = std::max(of.oldest_s, now - x.created_at_s);
    of.expired += x.complete_by_s > 0 && x.complete_by_s < now ? 1 : 0;
  }
  auto all = static_cast<uint64_t>(std::max<int64_t>(length->integer, 0));
  auto seen = static_cast<uint64_t>(jobs->size());
  to.not_looked_at = all > seen ? all - seen : 0;
  return {};
}

result<void> look_at_leases(redis& db, double now, fleet_sight& to) {
  auto leases = db.scored(keys::leases(key_prefix), 100'000);
  if (!leases)
    return fail(leases.error());
  to.running = leases->size();
  for (auto& [id, end_ms] : *leases) {
    auto over_s = now - end_ms / 1000;
    to.abandoned += over_s > 0 ? 1 : 0;
    to.abandoned_s = std::max(to.abandoned_s, over_s);
  }
  return {};
}

result<void> look_at_webhooks(redis& db, double now, fleet_sight& to) {
  auto waiting = db.ask({"ZCARD", keys::outbox(key_prefix)});
  if (!waiting)
    return fail(waiting.error());
  to.webhooks_waiting
    = static_cast<uint64_t>(std::max<int64_t>(waiting->integer, 0));
  auto first = read_webhooks(db, false, webhooks_max);
  if (!first)
    return fail(first.error());
  if (!first->empty())
    to.webhook_overdue_s = now - first->front().at_s;
  for (auto& x : *first) {
    auto error = field(x.fields, "error");
    to.webhooks_failing += error.empty() ? 0 : 1;
    if (to.webhook_failure.empty())
      to.webhook_failure = std::move(error);
  }
  auto dead = db.ask({"ZCARD", keys::dead_webhooks(key_prefix)});
  if (!dead)
    return fail(dead.error());
  to.webhooks_dead = static_cast<uint64_t>(std::max<int64_t>(dead->integer, 0));
  auto last = db.ask({"ZREVRANGE", keys::dead_webhooks(key_prefix), "0", "0"});
  if (!last)
    return fail(last.error());
  if (last->elements.empty())
    return {};
  auto entry
    = db.hash(keys::outbox_entry(key_prefix, job_id{last->elements[0].text}));
  if (!entry)
    return fail(entry.error());
  to.webhook_error = field(*entry, "error");
  return {};
}

result<void> look_at_ended(redis& db, double now, fleet_sight& to) {
  auto since_ms = std::to_string(static_cast<int64_t>((now - lately_s) * 1000));
  auto key = keys::ended(key_prefix) + ":failed";
  auto count = db.ask({"ZCOUNT", key, since_ms, "+inf"});
  if (!count)
    return fail(count.error());
  to.failed_lately
    = static_cast<uint64_t>(std::max<int64_t>(count->integer, 0));
  auto last = db.ask({"ZREVRANGE", key, "0", "0"});
  if (!last)
    return fail(last.error());
  if (to.failed_lately == 0 || last->elements.empty())
    return {};
  auto error = db.ask({"HGET", keys::record(last->elements[0].text), "error"});
  if (!error)
    return fail(error.error());
  to.failed_error = error->text;
  return {};
}

} // namespace

result<fleet_sight> read_fleet_sight(redis& db) {
  fleet_sight out;
  out.store = look_at_redis(db);
  auto now = db.time();
  if (!now)
    return fail(now.error());
  for (auto part :
       {look_at_queue, look_at_leases, look_at_ended, look_at_webhooks})
    if (auto ok = part(db, *now, out); !ok)
      return fail(ok.error());
  auto pause = read_pause(db);
  if (!pause)
    return fail(pause.error());
  out.pause = std::move(*pause);
  auto workers = read_workers(db);
  if (!workers)
    return fail(workers.error());
  out.workers = std::move(*workers);
  auto gpus = read_open_gpus(db);
  if (!gpus)
    return fail(gpus.error());
  out.gpus = std::move(*gpus);
  out.provider = provider_of(out.workers, out.gpus);
  return out;
}

} // namespace render::records
