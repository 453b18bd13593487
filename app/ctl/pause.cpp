#include "app/ctl/pause.hpp"

#include "app/records/fleet.hpp"

#include <unistd.h>

#include <cstdlib>
#include <iostream>

namespace render::ctl {

namespace {

struct pause_options {
  std::string reason;
  std::string by;
};

int change(const context& ctx, bool pauses, const pause_options& opts) {
  return with_redis(ctx, [&](redis& db) {
    auto by = opts.by.empty() ? whoever() : opts.by;
    auto got = pauses ? records::pause_fleet(db, by, opts.reason)
                      : records::resume_fleet(db, by);
    if (!got)
      return report(failed, got.error().message);
    auto changed = *got;
    if (ctx.json)
      std::cout << "{\"paused\":" << (pauses ? "true" : "false")
                << ",\"changed\":" << (changed ? "true" : "false") << "}\n";
    else if (pauses)
      std::cout << (changed ? "launches are paused: workers follow within 10 "
                              "s; GPUs that are rented go on\n"
                            : "launches were paused already\n");
    else
      std::cout << (changed ? "launches are resumed\n"
                            : "launches were not paused\n");
    return static_cast<int>(done);
  });
}

} // namespace

std::string whoever() {
  auto* user = std::getenv("USER");
  char host[256] = "";
  gethostname(host, sizeof(host) - 1);
  return std::string{user && *user ? user : "somebody"} + "@" + host;
}

void add_pause(CLI::App& app, context& ctx, std::function<int()>& action) {
  auto opts = std::make_shared<pause_options>();
  auto add = [&](const char* name, const char* description, bool pauses) {
    auto* cmd = app.add_subcommand(name, description);
    cmd->add_option("--by", opts->by, "Who says so; default: USER@HOST");
    cmd->callback([&ctx, &action, opts, pauses] {
      action = [&ctx, opts, pauses] {
        return change(ctx, pauses, *opts);
      };
    });
    return cmd;
  };
  auto* pause = add("pause", "Launch no more GPUs, in the whole fleet", true);
  pause->add_option("--reason", opts->reason, "Shown wherever a job waits");
  pause->footer(
    "Jobs that wait go on waiting, until their deadlines. GPUs that "
    "are rented go on\nworking, and stop when they are idle or "
    "old.\n\nExample:\n  c3ctl pause --reason \"the bill is too "
    "high\"");
  auto* resume = add("resume", "Launch GPUs again", false);
  resume->footer("Example:\n  c3ctl resume");
}

} // namespace render::ctl
