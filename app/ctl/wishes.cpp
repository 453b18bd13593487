#include "app/ctl/wishes.hpp"

#include "app/ctl/pause.hpp"
#include "app/records/wishes.hpp"
#include "messages/http.hpp"
#include "messages/text/json.hpp"

#include <iostream>

namespace render::ctl {

namespace {

using how = records::wished::how;

int tell(const context& ctx, const result<records::wished>& got,
         const std::string& what, const std::string& then) {
  if (!got)
    return report(failed, got.error().message);
  if (got->outcome == how::missing)
    return report(failed, "there is no " + what + " with a worker that lives");
  if (got->outcome == how::under_way)
    return report(failed, what + " drains or stops already");
  if (ctx.json)
    std::cout << "{\"worker\":" << json::quote(got->worker) << "}\n";
  else
    std::cout << "worker " << excerpt(got->worker, 60)
              << " follows within 10 s: " << then << '\n';
  return done;
}

} // namespace

int wish_of_gpu(const context& ctx, redis& db, const std::string& id,
                bool at_once) {
  auto by = whoever();
  return tell(
    ctx,
    at_once ? records::stop_gpu(db, id, by) : records::drain_gpu(db, id, by),
    "GPU " + excerpt(id, 60),
    at_once ? "the GPU stops at once, and its jobs begin again"
            : "the GPU takes no more jobs, and stops when it has none");
}

void add_drain(CLI::App& app, context& ctx, std::function<int()>& action) {
  auto id = std::make_shared<std::string>();
  auto* cmd = app.add_subcommand(
    "drain", "Let a worker end its jobs, stop its GPUs, and end");
  cmd->add_option("WORKER", *id, "Worker id, as c3ctl workers shows it")
    ->required();
  cmd->footer(
    "As after SIGTERM: what runs has DRAIN_TIME to end, the rest goes "
    "back to the queue,\nand GPUs are stopped or given to other "
    "workers. A service manager may start the\nworker again: that one "
    "is not meant.\n\nExample:\n  c3ctl drain render-2");
  cmd->callback([&ctx, &action, id] {
    action = [&ctx, id] {
      return with_redis(ctx, [&](redis& db) {
        return tell(ctx, records::drain_worker(db, *id, whoever()),
                    "worker " + excerpt(*id, 60), "it drains, and ends");
      });
    };
  });
}

} // namespace render::ctl
