#include "app/ctl/workers.hpp"

#include "app/ctl/worker_text.hpp"
#include "app/records/fleet.hpp"
#include "messages/http.hpp"

#include <iostream>

namespace render::ctl {

namespace {

int show(const context& ctx, redis& db) {
  auto workers = records::read_workers(db);
  if (!workers)
    return report(failed, workers.error().message);
  auto pause = records::read_pause(db);
  if (!pause)
    return report(failed, pause.error().message);
  auto paused = !pause->empty();
  if (ctx.json) {
    std::string items;
    for (auto& x : *workers)
      items += (items.empty() ? "" : ",") + worker_json(x);
    std::cout << "{\"workers\":[" << items
              << "],\"paused\":" << (paused ? record_json(*pause) : "null")
              << "}\n";
  } else {
    std::cout << (workers->empty() ? "no worker is alive\n"
                                   : workers_table(*workers));
    if (paused)
      std::cout << "launches are paused by " << excerpt(field(*pause, "by"), 80)
                << (field(*pause, "why").empty() ? "" : ": ")
                << excerpt(field(*pause, "why"), 200) << '\n';
  }
  return done;
}

} // namespace

void add_workers(CLI::App& app, context& ctx, std::function<int()>& action) {
  auto* cmd = app.add_subcommand("workers", "Show the workers that live");
  cmd->footer("Each worker writes down every 10 s how it fares. A worker that "
              "is killed is shown\nas silent until 90 s after its last sign of "
              "life, and so is one of a version that\nwrites nothing down. "
              "Python workers are not shown."
              "\n\nExamples:\n  c3ctl workers\n  c3ctl workers --json");
  cmd->callback([&ctx, &action] {
    action = [&ctx] {
      return with_redis(ctx, [&](redis& db) {
        return show(ctx, db);
      });
    };
  });
}

} // namespace render::ctl
