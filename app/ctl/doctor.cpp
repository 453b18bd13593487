#include "app/ctl/doctor.hpp"

#include "app/ctl/context.hpp"
#include "app/ctl/diagnosis_text.hpp"
#include "app/records/sight.hpp"

#include <iostream>

namespace render::ctl {

namespace {

int examine(const context& ctx, redis& db) {
  auto seen = records::read_fleet_sight(db);
  if (!seen)
    return report(failed, seen.error().message);
  auto found = records::diagnose(*seen);
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
