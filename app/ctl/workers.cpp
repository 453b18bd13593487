#include "app/ctl/workers.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "app/ctl/worker_text.hpp"
#include "messages/http.hpp"

#include <algorithm>
#include <iostream>

namespace render::ctl {

namespace {

namespace keys = job_store::keys;

constexpr uint32_t workers_max = 10'000;

int show(const context& ctx, redis& db) {
  auto workers = read_workers(db);
  if (!workers)
    return report(failed, workers.error().message);
  auto pause = db.hash(keys::paused(key_prefix));
  if (!pause)
    return report(failed, pause.error().message);
  auto paused = !field(*pause, "since").empty();
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

result<std::vector<worker_view>> read_workers(redis& db) {
  auto ids = db.scored(keys::workers(key_prefix), workers_max);
  if (!ids)
    return fail(ids.error());
  auto now = db.time();
  if (!now)
    return fail(now.error());
  std::vector<worker_view> out;
  for (auto& [id, counted_ms] : *ids) {
    auto fields = db.hash(keys::worker(key_prefix, id));
    if (!fields)
      return fail(fields.error());
    // The workers themselves remove those whose time is over.
    if (!fields->empty() || counted_ms > *now * 1000)
      out.push_back({id, std::move(*fields), *now});
  }
  std::sort(out.begin(), out.end(), [](auto& a, auto& b) {
    return a.id < b.id;
  });
  return out;
}

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
