// c3ctl: puts jobs into the queue, follows them, ends them, receives their
// webhooks, and shows what workers have rented. Exit codes: see context.hpp.
#include "app/cli/pages.hpp"
#include "app/cli/process_settings.hpp"
#include "app/ctl/doctor.hpp"
#include "app/ctl/ended.hpp"
#include "app/ctl/gpus.hpp"
#include "app/ctl/jobs.hpp"
#include "app/ctl/listen.hpp"
#include "app/ctl/pause.hpp"
#include "app/ctl/spend.hpp"
#include "app/ctl/submit.hpp"
#include "app/ctl/trace.hpp"
#include "app/ctl/watch.hpp"
#include "app/ctl/webhooks.hpp"
#include "app/ctl/why.hpp"
#include "app/ctl/wishes.hpp"
#include "app/ctl/workers.hpp"
#include "app/version/version.hpp"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

namespace {

using namespace render;
using namespace render::ctl;

constexpr auto footer
  = R"(The address of Redis comes from --redis, else from the worker's REDIS_
variables in the environment, else from those in ./.env.

Examples:
  c3ctl submit csm --text "Hello there" --wait --output hello.mp3
  c3ctl submit portrait --image me.png --audio hello.mp3 --wait --output me.mp4
  c3ctl submit whisper --audio https://example.com/talk.mp3
  c3ctl queue --json
  c3ctl watch
  c3ctl jobs --status failed --since 1h
  c3ctl trace 0a1b2c3d-...
  c3ctl cancel 0a1b2c3d-...
  c3ctl gpus --price 1.2
  c3ctl spend --days 7
  c3ctl why 0a1b2c3d-...
  c3ctl workers
  c3ctl webhooks replay --all
  c3ctl doctor

Each command has its own --help.
Exit codes: 0 done, 1 the job failed or a server could not be reached,
2 wrong options or a job that the worker would refuse, 130 Ctrl-C.)";

result<environment> read_environment() {
  environment env;
  if (std::ifstream in{".env"}) {
    std::stringstream text;
    text << in.rdbuf();
    auto parsed = parse_env_file(text.str());
    if (!parsed)
      return fail(with_context(".env", parsed.error()));
    env = std::move(*parsed);
  }
  auto around = cli::process_environment();
  auto take = [&](std::string_view name) {
    if (auto at = around.find(name); at != around.end())
      env[at->first] = at->second;
  };
  for (auto& x : settings())
    if (x.name.starts_with("REDIS_"))
      take(x.name);
  take("C3_FILES_URL");
  if (auto ok = cli::take_from_files(env, around, "REDIS_"); !ok)
    return fail(ok.error());
  return env;
}

result<void> complete(context& ctx, const std::string& redis) {
  auto env = read_environment();
  if (!env)
    return fail(env.error());
  auto is_url = redis.find("://") != std::string::npos;
  if (is_url) {
    (*env)["REDIS_URL"] = redis;
    env->erase("REDIS_SENTINELS");
  }
  auto json = ctx.json;
  auto made = make_context(*env);
  if (!made)
    return fail(made.error());
  ctx = std::move(*made);
  ctx.json = json;
  if (redis.empty() || is_url)
    return {};
  ctx.where.sentinels.clear();
  if (redis.starts_with('/')) {
    ctx.where.host = redis;
    return {};
  }
  if (auto ok = parse_address(redis, ctx.where.host, ctx.where.port); !ok)
    return fail(with_context("--redis", ok.error()));
  return {};
}

/// Made of the command line itself, so without a Redis.
void add_pages(CLI::App& app, std::function<int()>& page) {
  auto* completion
    = app.add_subcommand("completion", "Print a completion script for a shell");
  completion->require_subcommand(1);
  completion->footer("Example:\n  c3ctl completion bash > "
                     "/etc/bash_completion.d/c3ctl");
  completion->add_subcommand("bash", "For bash")->callback([&app, &page] {
    page = [&app] {
      std::cout << cli::bash_completion(app);
      return done;
    };
  });
  auto* man = app.add_subcommand("man", "Print the man page of c3ctl");
  man->footer("Example:\n  c3ctl man | man -l -");
  man->callback([&app, &page] {
    page = [&app] {
      std::cout << cli::man_page(app, std::string{version()});
      return done;
    };
  });
}

} // namespace

int main(int argc, char** argv) {
  context ctx;
  std::string redis;
  std::function<int()> action;
  std::function<int()> page;
  CLI::App app{"Puts render jobs into the queue, follows them, and receives "
               "their webhooks.",
               "c3ctl"};
  app.set_version_flag("--version", version_line("c3ctl"));
  app.require_subcommand(1);
  // Allows --redis and --json after the command too.
  app.fallthrough();
  app.add_option("--redis", redis,
                 "HOST:PORT of Redis, its URL, or its Unix socket");
  app.add_flag("--json", ctx.json, "Print JSON, for scripts");
  add_submit(app, ctx, action);
  add_jobs(app, ctx, action);
  add_ended(app, ctx, action);
  add_watch(app, ctx, action);
  add_why(app, ctx, action);
  add_listen(app, ctx, action);
  add_gpus(app, ctx, action);
  add_spend(app, ctx, action);
  add_workers(app, ctx, action);
  add_pause(app, ctx, action);
  add_drain(app, ctx, action);
  add_webhooks(app, ctx, action);
  add_doctor(app, ctx, action);
  add_pages(app, page);
  add_export_trace(app, ctx, action);
  // The footer comes last: commands made after it would inherit it.
  app.footer(footer);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& err) {
    return err.get_exit_code() == 0
             ? app.exit(err)
             : report(usage, cli::what_is_wrong(app, err) + "; see --help");
  }
  try {
    if (page)
      return page();
    if (auto ok = complete(ctx, redis); !ok)
      return report(usage, ok.error().message);
    return action();
  } catch (const std::exception& err) {
    return report(failed, err.what());
  }
}
