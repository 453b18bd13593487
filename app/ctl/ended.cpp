#include "app/ctl/ended.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "app/ctl/command.hpp"
#include "app/ctl/ended_text.hpp"
#include "app/records/change.hpp"
#include "app/records/events.hpp"
#include "app/records/find.hpp"
#include "messages/http.hpp"
#include "messages/text/json.hpp"

#include <iostream>

namespace render::ctl {

namespace {

namespace wire = job_store::keys;

struct ended_options {
  job_filter filter;
  std::string since;
  uint32_t limit = 50;
  bool running = false;
  bool waiting = false;
  std::string id;
};

records::job_place place_of(const ended_options& x) {
  if (x.waiting)
    return records::job_place::waiting;
  return x.running ? records::job_place::running : records::job_place::ended;
}

int show_jobs(const context& ctx, redis& db, const ended_options& opts) {
  auto now = db.time();
  if (!now)
    return report(failed, now.error().message);
  double since_s = 0;
  if (!opts.since.empty()) {
    auto span = span_of(opts.since);
    if (!span)
      return report(usage, "--since: got " + json::quote(opts.since)
                             + ", accepted is a time such as 90s, 30m, 2h, 7d");
    since_s = std::max(0.001, *now - *span);
  }
  auto terms = records::find_terms{place_of(opts), opts.filter, opts.limit};
  terms.filter.from_s = terms.where == records::job_place::ended ? since_s : 0;
  auto found = records::find(db, terms);
  if (!found)
    return report(failed, found.error().message);
  auto& jobs = found->jobs;
  if (ctx.json)
    std::cout << "{\"jobs\":" << jobs_json(jobs) << "}\n";
  else
    std::cout << (jobs.empty() ? "no such job\n" : jobs_table(jobs, *now));
  return done;
}

int retry(const context& ctx, redis& db, const ended_options& opts) {
  auto got = records::retry(db, opts.id);
  auto who = "job " + excerpt(opts.id, 80);
  if (!got)
    return report(failed, who + ": " + got.error().message);
  if (got->outcome == records::retried::how::missing)
    return report(failed, "there is no " + who);
  if (got->outcome != records::retried::how::queued)
    return report(failed, who + " " + excerpt(got->why, 80));
  if (ctx.json)
    std::cout << "{\"id\":" << json::quote(got->id)
              << ",\"retry_of\":" << json::quote(opts.id) << "}\n";
  else
    std::cout << got->id << '\n';
  return done;
}

int trace(const context& ctx, redis& db, const ended_options& opts) {
  auto job = db.hash(wire::record(opts.id));
  if (!job)
    return report(failed, job.error().message);
  auto events = records::read_events_of(db, opts.id, *job);
  if (!events)
    return report(failed, events.error().message);
  if (job->empty() && events->empty())
    return report(failed, "nothing is known of a job " + excerpt(opts.id, 80));
  auto all = records::timeline(*job, *events);
  if (ctx.json)
    std::cout << "{\"id\":" << json::quote(opts.id)
              << ",\"events\":" << timeline_json(all) << "}\n";
  else
    std::cout << timeline_text(all);
  return done;
}

} // namespace

void add_ended(CLI::App& app, context& ctx, std::function<int()>& action) {
  auto opts = std::make_shared<ended_options>();
  auto* jobs = add_command(app, ctx, action, opts, "jobs",
                           "List ended jobs, the latest first", show_jobs);
  auto& filter = opts->filter;
  jobs->add_option("--status", filter.status, "Only with this final status")
    ->check(CLI::IsMember({"success", "failed", "cancelled", "timed_out"}));
  jobs->add_option("--type", filter.type, "Only of this type")
    ->check(CLI::IsMember({"csm", "whisper", "portrait", "analyze"}));
  jobs->add_option("--worker", filter.worker, "Only those that it ran last");
  jobs->add_option("--since", opts->since,
                   "Only those that ended within this time: 90s, 30m, 2h, 7d");
  jobs->add_option("--limit", opts->limit, "Show at most this many")
    ->check(CLI::Range(1, 100'000))
    ->capture_default_str();
  auto* running = jobs->add_flag("--running", opts->running,
                                 "List running jobs instead");
  jobs->add_flag("--waiting", opts->waiting, "List waiting jobs instead")
    ->excludes(running);
  jobs->footer("Workers keep the latest ENDED_JOBS_MAX ended jobs for "
               "ENDED_JOBS_TTL; jobs that\nPython workers ended are not among "
               "them, and of those that a front end ended only\nthe ones that "
               "ran.\n\nExamples:\n  c3ctl jobs --status failed --since 1h\n"
               "  c3ctl jobs --running --type csm --json");
  auto* again = add_command(app, ctx, action, opts, "retry",
                            "Run an ended job again, as a new job", retry);
  again->add_option("ID", opts->id, "Job id")->required();
  again->footer("Prints the id of the new job, whose record names the old one "
                "in retry_of. It has\nas much time until its deadline as the "
                "old one had.\n\nExample:\n  c3ctl retry 0a1b2c3d-...");
  auto* told = add_command(app, ctx, action, opts, "trace",
                           "Tell what became of a job, and when", trace);
  told->add_option("ID", opts->id, "Job id")->required();
  told->footer("The events of about the latest 10,000 changes of jobs, GPUs, "
               "webhooks and workers\nare kept; what is older comes from the "
               "job's record. GPUs that the job ran on\nare told of while it "
               "waited and ran.\n\nExample:\n  c3ctl trace 0a1b2c3d-...");
}

} // namespace render::ctl
