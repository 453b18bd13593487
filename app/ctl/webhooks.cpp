#include "app/ctl/webhooks.hpp"

#include "app/ctl/record_text.hpp"
#include "app/records/webhooks.hpp"
#include "messages/http.hpp"
#include "messages/text/json.hpp"

#include <iostream>

namespace render::ctl {

namespace {

using records::webhook_entry;

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

std::string state_of(const webhook_entry& x) {
  return x.dead ? "dead" : "waiting";
}

std::string entry_json(const webhook_entry& x, bool with_body) {
  auto number = [&x](const std::string& name) {
    return std::to_string(static_cast<int64_t>(number_field(x.fields, name)));
  };
  auto out = "{\"job_id\":" + json::quote(x.job_id)
             + ",\"id\":" + json::quote(field(x.fields, "id")) + ",\"state\":"
             + json::quote(state_of(x)) + ",\"at\":" + std::to_string(x.at_s)
             + ",\"attempts\":" + number("attempts")
             + ",\"created_ms\":" + number("created_ms")
             + ",\"error\":" + json::quote(field(x.fields, "error"));
  auto url = field(x.fields, "url");
  out += ",\"url\":" + json::quote(with_body ? url : redacted_url(url));
  if (with_body)
    out += ",\"body\":" + json::quote(field(x.fields, "body"));
  return out + "}";
}

std::vector<std::string> entry_row(const webhook_entry& x) {
  auto away = x.at_s - unix_now();
  return {excerpt(x.job_id, 80),
          x.dead     ? span_text(-away) + " ago"
          : away > 0 ? "in " + span_text(away)
                     : "now",
          excerpt(field(x.fields, "attempts"), 10),
          excerpt(redacted_url(field(x.fields, "url")), 100),
          excerpt(field(x.fields, "error"), 80)};
}

int list(const context& ctx, redis& db, const webhook_options& opts) {
  auto all = records::read_webhooks(db, opts.dead, opts.limit);
  if (!all)
    return report(failed, all.error().message);
  std::vector<std::vector<std::string>> rows{
    {"job", opts.dead ? "given up" : "due", "tries", "url", "error"}};
  std::string items;
  for (auto& x : *all) {
    rows.push_back(entry_row(x));
    items += (items.empty() ? "" : ",") + entry_json(x, false);
  }
  if (ctx.json)
    std::cout << "{\"webhooks\":[" << items << "]}\n";
  else if (all->empty())
    std::cout << (opts.dead ? "no webhook was given up\n"
                            : "no webhook waits\n");
  else
    std::cout << columns_text(rows);
  return done;
}

int show(const context& ctx, redis& db, const webhook_options& opts) {
  auto id = opts.job_id();
  auto x = records::read_webhook(db, id);
  if (!x)
    return report(failed, x.error().message);
  if (!*x)
    return report(failed, "no webhook of job " + excerpt(id, 80)
                            + " waits or was given up");
  if (ctx.json) {
    std::cout << entry_json(**x, true) << '\n';
    return done;
  }
  auto fields = (*x)->fields;
  fields["state"] = state_of(**x);
  fields[(*x)->dead ? "given_up_at" : "due_at"] = std::to_string((*x)->at_s);
  std::cout << record_table(fields, unix_now());
  return done;
}

int replay(const context& ctx, redis& db, const webhook_options& opts) {
  auto got = opts.all ? records::replay_webhooks(db)
                      : records::replay_webhook(db, opts.job_id());
  if (!got)
    return report(failed, got.error().message);
  if (!opts.all && got->empty())
    return report(failed, "no webhook of job " + excerpt(opts.job_id(), 80)
                            + " was given up");
  std::string items;
  for (auto& x : *got) {
    items += (items.empty() ? "" : ",") + json::quote(x);
    if (!ctx.json)
      std::cout << excerpt(x, 80) << " is due again\n";
  }
  if (ctx.json)
    std::cout << "{\"replayed\":[" << items << "]}\n";
  else if (got->empty())
    std::cout << "no webhook was given up\n";
  return done;
}

using webhook_command = int (*)(const context&, redis&, const webhook_options&);

} // namespace

void add_webhooks(CLI::App& app, context& ctx, std::function<int()>& action) {
  auto* group = app.add_subcommand(
    "webhooks", "Show undelivered webhooks, and replay dead letters");
  group->require_subcommand(1);
  group->fallthrough();
  group->footer("Examples:\n  c3ctl webhooks list --dead\n  c3ctl webhooks "
                "replay --all");
  auto opts = std::make_shared<webhook_options>();
  auto add = [&](const char* name, const char* description,
                 webhook_command run) {
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
