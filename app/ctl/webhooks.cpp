#include "app/ctl/webhooks.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "app/ctl/record_text.hpp"
#include "messages/http.hpp"
#include "messages/text/json.hpp"

#include <iostream>

namespace render::ctl {

namespace {

namespace keys = job_store::keys;

struct webhook_options {
  /// Id of the job, or of its webhook ("msg_" + job id).
  std::string id;
  bool dead = false;
  bool all = false;
  uint32_t limit = 100;

  std::string job_id() const {
    return id.starts_with("msg_") ? id.substr(4) : id;
  }
};

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

std::string entry_json(const std::string& job_id, const record& x,
                       const std::string& state, double when_s,
                       bool with_body) {
  auto number = [&x](const std::string& name) {
    return std::to_string(static_cast<int64_t>(number_field(x, name)));
  };
  auto out = "{\"job_id\":" + json::quote(job_id) + ",\"id\":"
             + json::quote(field(x, "id")) + ",\"state\":" + json::quote(state)
             + ",\"at\":" + std::to_string(when_s) + ",\"attempts\":"
             + number("attempts") + ",\"created_ms\":" + number("created_ms")
             + ",\"error\":" + json::quote(field(x, "error"));
  auto url = field(x, "url");
  out += ",\"url\":" + json::quote(with_body ? url : redacted_url(url));
  if (with_body)
    out += ",\"body\":" + json::quote(field(x, "body"));
  return out + "}";
}

std::vector<std::string> entry_row(const std::string& job_id, const record& x,
                                   bool dead, double when_s) {
  auto away = when_s - unix_now();
  return {excerpt(job_id, 80),
          dead       ? span_text(-away) + " ago"
          : away > 0 ? "in " + span_text(away)
                     : "now",
          excerpt(field(x, "attempts"), 10),
          excerpt(redacted_url(field(x, "url")), 100),
          excerpt(field(x, "error"), 80)};
}

int list(const context& ctx, redis& db, const webhook_options& opts) {
  auto ids = db.scored(opts.dead ? keys::dead_webhooks(key_prefix)
                                 : keys::outbox(key_prefix),
                       opts.limit);
  if (!ids)
    return report(failed, ids.error().message);
  std::vector<std::vector<std::string>> rows{
    {"job", opts.dead ? "given up" : "due", "tries", "url", "error"}};
  std::string items;
  for (auto& [id, ms] : *ids) {
    auto x = db.hash(keys::outbox_entry(key_prefix, id));
    if (!x)
      return report(failed, x.error().message);
    rows.push_back(entry_row(id, *x, opts.dead, ms / 1000));
    items += (items.empty() ? "" : ",")
             + entry_json(id, *x, opts.dead ? "dead" : "waiting", ms / 1000,
                          false);
  }
  if (ctx.json)
    std::cout << "{\"webhooks\":[" << items << "]}\n";
  else if (ids->empty())
    std::cout << (opts.dead ? "no webhook was given up\n"
                            : "no webhook waits\n");
  else
    std::cout << columns_text(rows);
  return done;
}

int show(const context& ctx, redis& db, const webhook_options& opts) {
  auto id = opts.job_id();
  auto x = db.hash(keys::outbox_entry(key_prefix, id));
  if (!x)
    return report(failed, x.error().message);
  auto due = db.ask({"ZSCORE", keys::outbox(key_prefix), id});
  auto dead = db.ask({"ZSCORE", keys::dead_webhooks(key_prefix), id});
  if (!due || !dead)
    return report(failed, (due ? dead : due).error().message);
  if (x->empty() || (due->nil && dead->nil))
    return report(failed, "no webhook of job " + excerpt(id, 80)
                            + " waits or was given up");
  std::string state = due->nil ? "dead" : "waiting";
  auto& score = due->nil ? dead->text : due->text;
  auto when_s = std::strtod(score.c_str(), nullptr) / 1000;
  if (ctx.json) {
    std::cout << entry_json(id, *x, state, when_s, true) << '\n';
    return done;
  }
  (*x)["state"] = state;
  (*x)[due->nil ? "given_up_at" : "due_at"] = std::to_string(when_s);
  std::cout << record_table(*x, unix_now());
  return done;
}

int replay(const context& ctx, redis& db, const webhook_options& opts) {
  auto now_ms = std::to_string(static_cast<int64_t>(unix_now() * 1000));
  auto got = db.ask({"EVAL", replay_lua, "2", keys::outbox(key_prefix),
                     keys::dead_webhooks(key_prefix), now_ms,
                     keys::outbox_entry_prefix(key_prefix),
                     opts.all ? "1" : "0", opts.job_id()});
  if (!got)
    return report(failed, got.error().message);
  if (!opts.all && got->elements.empty())
    return report(failed, "no webhook of job " + excerpt(opts.job_id(), 80)
                            + " was given up");
  std::string items;
  for (auto& x : got->elements) {
    items += (items.empty() ? "" : ",") + json::quote(x.text);
    if (!ctx.json)
      std::cout << excerpt(x.text, 80) << " is due again\n";
  }
  if (ctx.json)
    std::cout << "{\"replayed\":[" << items << "]}\n";
  else if (got->elements.empty())
    std::cout << "no webhook was given up\n";
  return done;
}

using command = int (*)(const context&, redis&, const webhook_options&);

} // namespace

void add_webhooks(CLI::App& app, context& ctx, std::function<int()>& action) {
  auto* group = app.add_subcommand(
    "webhooks", "Show undelivered webhooks, and replay dead letters");
  group->require_subcommand(1);
  group->fallthrough();
  group->footer("Examples:\n  c3ctl webhooks list --dead\n  c3ctl webhooks "
                "replay --all");
  auto opts = std::make_shared<webhook_options>();
  auto add = [&](const char* name, const char* description, command run) {
    auto* cmd = group->add_subcommand(name, description);
    cmd->fallthrough();
    cmd->callback([&ctx, &action, opts, run, name] {
      if (std::string_view{name} == "replay" && opts->id.empty() && !opts->all)
        throw CLI::RequiredError("ID or --all");
      action = [&ctx, opts, run] {
        return with_redis(ctx, [&](redis& db) {
          return run(ctx, db, *opts);
        });
      };
    });
    return cmd;
  };
  auto* listed = add("list",
                     "Show undelivered webhooks, the next one due first", list);
  listed->add_flag("--dead", opts->dead,
                   "Show dead letters instead, oldest first");
  listed->add_option("--limit", opts->limit, "Show at most this many")
    ->check(CLI::Range(1, 100'000))
    ->capture_default_str();
  listed->footer("URLs are shown without their query.\n\nExample:\n  c3ctl "
                 "webhooks list --dead --json");
  auto* shown = add("show", "Show one webhook with its URL and body", show);
  shown->add_option("ID", opts->id, "Job id, or webhook id")->required();
  shown->footer("Example:\n  c3ctl webhooks show 0a1b2c3d-...");
  auto* replayed = add("replay", "Try dead letters again, as often as before",
                       replay);
  auto* id = replayed->add_option("ID", opts->id, "Job id, or webhook id");
  replayed->add_flag("--all", opts->all, "All dead letters")->excludes(id);
  replayed->footer("Receivers get the same webhook-id and body, so that they "
                   "can drop duplicates.\nA running worker delivers within "
                   "15 seconds.\n\nExamples:\n  c3ctl webhooks replay "
                   "0a1b2c3d-...\n  c3ctl webhooks replay --all");
}

} // namespace render::ctl
