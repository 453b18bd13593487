#include "app/records/webhooks.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "app/records/members.hpp"

namespace render::records {

namespace {

namespace wire = job_store::keys;

/// One step, so that no webhook is in both places, or in none.
/// KEYS: outbox, dead letters. ARGV: now (ms), entry key prefix, "1" for all,
/// else "0" and a job id. Returns the ids that are due again.
constexpr auto replay_lua = R"lua(
local ids = {ARGV[4]}
if ARGV[3] == '1' then ids = redis.call('ZRANGE', KEYS[2], 0, -1) end
local out = {}
for _, id in ipairs(ids) do
  local key = ARGV[2] .. id
  if redis.call('ZREM', KEYS[2], id) == 1
     and redis.call('EXISTS', key) == 1 then
    redis.call('HSET', key, 'attempts', 0)
    redis.call('HDEL', key, 'error')
    redis.call('ZADD', KEYS[1], ARGV[1], id)
    table.insert(out, id)
  end
end
return out
)lua";

result<std::vector<std::string>> replay(redis& db, bool all,
                                        const std::string& job_id) {
  auto now_ms = std::to_string(static_cast<int64_t>(unix_now() * 1000));
  auto got
    = db.ask({"EVAL", replay_lua, "2", wire::outbox(key_prefix),
              wire::dead_webhooks(key_prefix), now_ms,
              wire::outbox_entry_prefix(key_prefix), all ? "1" : "0", job_id});
  if (!got)
    return fail(got.error());
  std::vector<std::string> out;
  for (auto& x : got->elements)
    out.push_back(std::move(x.text));
  return out;
}

} // namespace

result<std::vector<webhook_entry>> read_webhooks(redis& db, bool dead,
                                                 uint32_t limit) {
  auto entries = read_members(
    db, dead ? wire::dead_webhooks(key_prefix) : wire::outbox(key_prefix),
    limit, [](const std::string& id) {
      return wire::outbox_entry(key_prefix, id);
    });
  if (!entries)
    return fail(entries.error());
  std::vector<webhook_entry> out;
  for (auto& x : entries->all)
    out.push_back({std::move(x.id), std::move(x.fields), dead, x.score / 1000});
  return out;
}

result<std::optional<webhook_entry>> read_webhook(redis& db,
                                                  const std::string& job_id) {
  webhook_entry out{job_id, {}, false, 0};
  auto fields = db.hash(wire::outbox_entry(key_prefix, job_id));
  if (!fields)
    return fail(fields.error());
  if (fields->empty())
    return std::optional<webhook_entry>{};
  auto scores
    = db.ask_all({{"ZSCORE", wire::outbox(key_prefix), job_id},
                  {"ZSCORE", wire::dead_webhooks(key_prefix), job_id}});
  auto& due = scores[0];
  auto& dead = scores[1];
  if (!due || !dead)
    return fail((due ? dead : due).error());
  if (due->nil && dead->nil)
    return std::optional<webhook_entry>{};
  out.fields = std::move(*fields);
  out.dead = due->nil;
  out.at_s = number_of(out.dead ? dead->text : due->text) / 1000;
  return std::optional{std::move(out)};
}

result<std::vector<std::string>> replay_webhook(redis& db,
                                                const std::string& job_id) {
  return replay(db, false, job_id);
}

result<std::vector<std::string>> replay_webhooks(redis& db) {
  return replay(db, true, {});
}

} // namespace render::records
