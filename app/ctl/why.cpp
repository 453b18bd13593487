#include "app/ctl/why.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "app/ctl/record_text.hpp"
#include "messages/http.hpp"
#include "messages/money.hpp"
#include "messages/text/json.hpp"

#include <algorithm>
#include <iostream>

namespace render::ctl {

namespace {

namespace keys = job_store::keys;

constexpr uint32_t workers_max = 10'000;
/// Of a queue no more is looked at.
constexpr uint32_t queue_max = 2'000;

std::string number(double x) {
  return seconds_text(static_cast<int64_t>(x * 1000));
}

bool is_at_risk(const supervisor::forecast::start& x, measured run,
                double left_s) {
  return x.never || x.high_s + (run.count > 0 ? run.ninth_s : 0) > left_s;
}

/// The types of the jobs up to this one; empty: it is not in the queue.
result<std::vector<std::string>> queue_until(redis& db, const std::string& id) {
  auto got
    = db.ask({"LRANGE", "queue:jobs", "0", std::to_string(queue_max - 1)});
  if (!got)
    return fail(got.error());
  std::vector<std::string> out;
  for (auto& x : got->elements) {
    auto type = db.ask({"HGET", "job:" + x.text, "type"});
    out.push_back(type ? type->text : std::string{});
    if (x.text == id)
      return out;
  }
  return std::vector<std::string>{};
}

} // namespace

result<waits> waits::read(redis& db) {
  auto ids = db.scored(keys::workers(key_prefix), workers_max);
  if (!ids)
    return fail(ids.error());
  auto now = db.time();
  if (!now)
    return fail(now.error());
  waits out;
  out.now_s_ = *now;
  for (auto& [id, counted_ms] : *ids) {
    auto fields = db.hash(keys::worker(key_prefix, id));
    if (!fields)
      return fail(fields.error());
    auto x = read_outlook(field(*fields, "outlook"));
    if (!x)
      continue;
    for (auto& type : x->types)
      for (auto kind : type.kinds)
        out.type_of_[kind] = type.facts.type;
    out.all_.add(std::move(*x), *now - number_field(*fields, "seen_at"));
  }
  return out;
}

std::optional<supervisor::forecast::start>
waits::start_of(const std::vector<std::string>& queue) const {
  auto kind = queue.empty() ? std::nullopt : job_kind_from(queue.back());
  if (!kind || !type_of_.contains(*kind))
    return std::nullopt;
  std::vector<job_kind> same;
  for (auto& x : queue) {
    auto its = job_kind_from(x);
    auto at = its ? type_of_.find(*its) : type_of_.end();
    if (at != type_of_.end() && at->second == type_of_.at(*kind))
      same.push_back(*its);
  }
  return all_.of(same, now_s_);
}

std::string waits::text(const std::vector<std::string>& queue,
                        double complete_by_s) const {
  auto x = start_of(queue);
  if (!x)
    return "waits: no worker that is alive serves its type";
  // Workers write every 10 s how they see the queue.
  if (x->why.kind == launch_reason_kind::no_job_waits)
    return "waits for a GPU of " + x->type
           + ": no worker has written yet that it waits";
  auto out = sentence_of(x->type, x->why, now_s_);
  if (x->never)
    out += "; no slot is to come";
  else if (x->guessed)
    out += "; when it begins nobody knows: nothing was measured yet";
  else
    out += "; begins in " + span_text(x->low_s) + " to " + span_text(x->high_s)
           + " or so";
  auto run = all_.run(*job_kind_from(queue.back()));
  if (complete_by_s > 0 && is_at_risk(*x, run, complete_by_s - now_s_))
    out += "; its deadline is at risk";
  return out;
}

std::string waits::json(const std::vector<std::string>& queue,
                        double complete_by_s) const {
  auto x = start_of(queue);
  auto out = "{\"place\":" + std::to_string(queue.size());
  if (!x)
    return out + ",\"reason\":\"no_worker\"}";
  out += ",\"type\":" + json::quote(x->type)
         + ",\"reason\":" + json::quote(to_string(x->why.kind))
         + ",\"text\":" + json::quote(clause_of(x->why, now_s_));
  if (x->why.until_s > 0)
    out += ",\"until\":" + number(x->why.until_s);
  if (!x->never)
    out += ",\"begins_in_s\":[" + number(x->low_s) + "," + number(x->high_s)
           + "],\"guessed\":" + (x->guessed ? "true" : "false");
  auto run = all_.run(*job_kind_from(queue.back()));
  if (complete_by_s > 0)
    out += std::string{",\"deadline_at_risk\":"}
           + (is_at_risk(*x, run, complete_by_s - now_s_) ? "true" : "false");
  return out + "}";
}

std::optional<double> waits::progress(const std::string& type,
                                      double runs_for_s) const {
  auto kind = job_kind_from(type);
  auto run = kind ? all_.run(*kind) : measured{};
  if (run.count == 0 || run.median_s <= 0)
    return std::nullopt;
  return std::clamp(runs_for_s / run.median_s, 0.0, 0.95);
}

namespace {

// csm and whisper tell no progress: an estimate is marked as one.
std::string running_text(const record& x, const waits& all) {
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
  auto all = waits::read(db);
  auto queue = queue_until(db, id);
  if (!all || !queue || queue->empty())
    return "queued";
  return "queued, place " + std::to_string(queue->size()) + "; "
         + all->text(*queue, number_field(job, "complete_by"));
}

namespace {

int show(const context& ctx, redis& db, const std::string& id) {
  auto fields = db.hash("job:" + id);
  if (!fields)
    return report(failed, fields.error().message);
  if (fields->empty())
    return report(failed, "there is no job " + id);
  auto all = waits::read(db);
  if (!all)
    return report(failed, all.error().message);
  auto queue = queue_until(db, id);
  if (!queue)
    return report(failed, queue.error().message);
  auto status = field(*fields, "status");
  auto waiting = !queue->empty() && !is_final(status);
  auto by = number_field(*fields, "complete_by");
  if (ctx.json) {
    std::cout << "{\"id\":" << json::quote(id)
              << ",\"status\":" << json::quote(status)
              << (waiting ? ",\"waits\":" + all->json(*queue, by) : "")
              << "}\n";
    return done;
  }
  if (waiting) {
    std::cout << "place " << queue->size() << " in the queue; "
              << all->text(*queue, by) << '\n';
  } else if (is_final(status)) {
    auto error = excerpt(field(*fields, "error"), 500);
    std::cout << "has ended: " << excerpt(status, 40)
              << (error.empty() ? "" : ": ") << error << '\n';
  } else if (status == "running") {
    std::cout << running_text(*fields, *all) << " on worker "
              << excerpt(field(*fields, "locked_by"), 60) << '\n';
  } else {
    std::cout << "is not among the first " << queue_max
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
