#include "app/ctl/why.hpp"

#include "app/ctl/record_text.hpp"
#include "app/records/queue.hpp"
#include "messages/http.hpp"
#include "messages/money.hpp"
#include "messages/text/json.hpp"

#include <iostream>

namespace render::ctl {

namespace {

std::string number(double x) {
  return seconds_text(static_cast<int64_t>(x * 1000));
}

} // namespace

std::string waiting_json(const records::waiting& x) {
  auto out = "{\"place\":" + std::to_string(x.place);
  if (x.gpu_type.empty())
    return out + ",\"reason\":" + json::quote(x.reason) + "}";
  out += ",\"type\":" + json::quote(x.gpu_type) + ",\"reason\":"
         + json::quote(x.reason) + ",\"text\":" + json::quote(x.clause);
  if (x.until_s > 0)
    out += ",\"until\":" + number(x.until_s);
  if (x.begins_in)
    out += ",\"begins_in_s\":[" + number(x.begins_in->first) + ","
           + number(x.begins_in->second)
           + "],\"guessed\":" + (x.guessed ? "true" : "false");
  if (x.deadline_at_risk)
    out += std::string{",\"deadline_at_risk\":"}
           + (*x.deadline_at_risk ? "true" : "false");
  return out + "}";
}

namespace {

// csm and whisper tell no progress: an estimate is marked as one.
std::string running_text(const record& x, const records::waits& all) {
  auto out = progress_line(x);
  auto started = number_field(x, "started_at");
  if (number_field(x, "progress") > 0 || started <= 0)
    return out;
  auto share = all.progress(field(x, "type"), unix_now() - started);
  if (share)
    out += " (about " + std::to_string(static_cast<int>(*share * 100))
           + " %, an estimate from past runs)";
  return out;
}

} // namespace

std::string why_it_waits(redis& db, const std::string& id, const record& job) {
  auto all = records::waits::read(db);
  auto queue = records::read_queue_head(db);
  if (!all || !queue)
    return "queued";
  auto types = types_until(*queue, id);
  if (types.empty())
    return "queued";
  return "queued, place " + std::to_string(types.size()) + "; "
         + all->why(types, number_field(job, "complete_by")).sentence;
}

namespace {

int show(const context& ctx, redis& db, const std::string& id) {
  auto fields = db.hash("job:" + id);
  if (!fields)
    return report(failed, fields.error().message);
  if (fields->empty())
    return report(failed, "there is no job " + id);
  auto all = records::waits::read(db);
  if (!all)
    return report(failed, all.error().message);
  auto queue = records::read_queue_head(db);
  if (!queue)
    return report(failed, queue.error().message);
  auto types = types_until(*queue, id);
  auto status = field(*fields, "status");
  auto waiting = !types.empty() && !is_final(status);
  auto by = number_field(*fields, "complete_by");
  if (ctx.json) {
    std::cout << "{\"id\":" << json::quote(id)
              << ",\"status\":" << json::quote(status)
              << (waiting ? ",\"waits\":" + waiting_json(all->why(types, by))
                          : "")
              << "}\n";
    return done;
  }
  if (waiting) {
    std::cout << "place " << types.size() << " in the queue; "
              << all->why(types, by).sentence << '\n';
  } else if (is_final(status)) {
    auto error = excerpt(field(*fields, "error"), 500);
    std::cout << "has ended: " << excerpt(status, 40)
              << (error.empty() ? "" : ": ") << error << '\n';
  } else if (status == "running") {
    std::cout << running_text(*fields, *all) << " on worker "
              << excerpt(field(*fields, "locked_by"), 60) << '\n';
  } else {
    std::cout << "is not among the first " << records::queue_looked_at
              << " of the queue: " << excerpt(status, 40) << '\n';
  }
  return done;
}

} // namespace

void add_why(CLI::App& app, context& ctx, std::function<int()>& action) {
  auto id = std::make_shared<std::string>();
  auto* cmd = app.add_subcommand(
    "why", "Show why a job waits, until when, and when it is to begin");
  cmd->add_option("ID", *id, "Job id")->required();
  cmd->footer("By what the workers wrote down in the last 10 s, and what boots "
              "and runs took\nlately.\n\nExample:\n  c3ctl why 0a1b2c3d-...");
  cmd->callback([&ctx, &action, id] {
    action = [&ctx, id] {
      return with_redis(ctx, [&](redis& db) {
        return show(ctx, db, *id);
      });
    };
  });
}

} // namespace render::ctl
