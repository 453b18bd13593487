#pragma once
// A command of c3ctl that needs Redis.
#include "app/ctl/context.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>

namespace render::ctl {

/// When it is given on the command line, `action` becomes `run`.
template <class Options>
CLI::App* add_command(CLI::App& app, context& ctx, std::function<int()>& action,
                      const std::shared_ptr<Options>& opts, const char* name,
                      const char* description,
                      int (*run)(const context&, redis&, const Options&)) {
  auto* cmd = app.add_subcommand(name, description);
  cmd->callback([&ctx, &action, opts, run] {
    action = [&ctx, opts, run] {
      return with_redis(ctx, [&](redis& db) {
        return run(ctx, db, *opts);
      });
    };
  });
  return cmd;
}

} // namespace render::ctl
