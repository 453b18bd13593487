#include "app/ctl/doctor.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "app/ctl/diagnosis.hpp"
#include "app/ctl/gpus.hpp"
#include "app/ctl/workers.hpp"

#include <algorithm>
#include <charconv>
#include <iostream>

namespace render::ctl {

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
  auto ids
    = db.ask({"LRANGE", "queue:jobs", "0", std::to_string(looked_at_max - 1)});
  if (!ids)
    return fail(ids.error());
  for (auto& id : ids->elements) {
    auto got = db.ask({"HMGET", keys::record(job_id{id.text}), "type",
                       "created_at", "complete_by", "status"});
    // A key of another type is no record.
    if (!got && got.error().kind == failure_kind::unavailable)
      return fail(got.error());
    if (!got || got->elements.size() < 4 || is_final(got->elements[3].text))
      continue;
    record x{{"created_at", got->elements[1].text},
             {"complete_by", got->elements[2].text}};
    auto& type = got->elements[0].text;
    auto& of = to.waiting[type.empty() ? "unknown" : type];
    ++of.jobs;
    if (auto created = number_field(x, "created_at"); created > 0)
      of.oldest_s = std::max(of.oldest_s, now - created);
    auto deadline = number_field(x, "complete_by");
    of.expired += deadline > 0 && deadline < now ? 1 : 0;
  }
  auto all = static_cast<uint64_t>(std::max<int64_t>(length->integer, 0));
  auto seen = static_cast<uint64_t>(ids->elements.size());
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
  auto first = db.scored(keys::outbox(key_prefix), webhooks_max);
  if (!first)
    return fail(first.error());
  if (!first->empty())
    to.webhook_overdue_s = now - first->front().second / 1000;
  for (auto& [id, due_ms] : *first) {
    auto entry = db.hash(keys::outbox_entry(key_prefix, id));
    if (!entry)
      return fail(entry.error());
    auto error = field(*entry, "error");
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

result<fleet_sight> look(redis& db) {
  fleet_sight out;
  out.store = look_at_redis(db);
  auto now = db.time();
  if (!now)
    return fail(now.error());
  for (auto part :
       {look_at_queue, look_at_leases, look_at_ended, look_at_webhooks})
    if (auto ok = part(db, *now, out); !ok)
      return fail(ok.error());
  auto pause = db.hash(keys::paused(key_prefix));
  if (!pause)
    return fail(pause.error());
  if (!field(*pause, "since").empty())
    out.pause = std::move(*pause);
  auto workers = read_workers(db);
  if (!workers)
    return fail(workers.error());
  out.workers = std::move(*workers);
  auto gpus = read_open_gpus(db);
  if (!gpus)
    return fail(gpus.error());
  out.gpus = std::move(*gpus);
  return out;
}

int examine(const context& ctx, redis& db) {
  auto seen = look(db);
  if (!seen)
    return report(failed, seen.error().message);
  auto found = diagnose(*seen);
  std::cout << (ctx.json ? diagnosis_json(found) + "\n"
                         : diagnosis_text(found));
  return found.well() ? done : failed;
}

} // namespace

void add_doctor(CLI::App& app, context& ctx, std::function<int()>& action) {
  auto* cmd = app.add_subcommand(
    "doctor", "Say whether work flows, what is wrong, and what to do");
  cmd->footer("Looks at Redis, the queue, workers, GPUs and webhooks, and "
              "changes nothing.\nExit code 0: no problem; 1: there is one, or "
              "Redis cannot be reached."
              "\n\nExamples:\n  c3ctl doctor\n  c3ctl doctor --json");
  cmd->callback([&ctx, &action] {
    action = [&ctx] {
      return with_redis(ctx, [&](redis& db) {
        return examine(ctx, db);
      });
    };
  });
}

} // namespace render::ctl
