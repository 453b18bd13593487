#include "app/ctl/ended.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "app/ctl/command.hpp"
#include "app/ctl/ended_text.hpp"
#include "app/ctl/submit.hpp"
#include "messages/http.hpp"
#include "messages/text/json.hpp"
#include "messages/text/printable.hpp"

#include <array>
#include <iostream>

namespace render::ctl {

namespace {

namespace keys = job_store::keys;

struct ended_options {
  job_filter filter;
  std::string since;
  uint32_t limit = 50;
  bool running = false;
  bool waiting = false;
  std::string id;
};

constexpr uint32_t page = 500;

/// Of a record that may be long: what a list shows.
constexpr std::array shown_fields{
  "type",     "status", "created_at", "started_at", "finished_at", "waited_s",
  "attempt",  "worker", "gpu",        "locked_by",  "result_url",  "error",
  "retry_of", "stage",  "progress",   "complete_by"};

result<record> read_shown(redis& db, const std::string& id) {
  std::vector<std::string> ask{"HMGET", keys::record(id)};
  ask.insert(ask.end(), shown_fields.begin(), shown_fields.end());
  auto got = db.ask(ask);
  record out;
  // A key of another type is no record.
  if (!got && got.error().kind == failure_kind::unavailable)
    return fail(got.error());
  if (got)
    for (size_t i = 0; i < got->elements.size(); ++i)
      if (!got->elements[i].nil)
        out[shown_fields.at(i)] = got->elements[i].text;
  return out;
}

/// Looks at `ids` until so many fit.
class collector {
public:
  collector(redis& db, const ended_options& opts) : db_(db), opts_(opts) {
    // nop
  }

  bool full() const {
    return found_.size() >= opts_.limit;
  }

  result<void> add(const std::string& id, double ended_s) {
    auto fields = read_shown(db_, id);
    if (!fields)
      return fail(fields.error());
    listed_job x{id, ended_s, std::move(*fields)};
    if (fits(opts_.filter, x))
      found_.push_back(std::move(x));
    return {};
  }

  std::vector<listed_job> take() {
    return std::move(found_);
  }

private:
  redis& db_;
  const ended_options& opts_;
  std::vector<listed_job> found_;
};

result<void> collect_list(redis& db, collector& to) {
  for (uint32_t at = 0; !to.full(); at += page) {
    auto ids = db.ask({"LRANGE", std::string{keys::queue}, std::to_string(at),
                       std::to_string(at + page - 1)});
    if (!ids || ids->elements.empty())
      return ids ? result<void>{} : fail(ids.error());
    for (auto& x : ids->elements)
      if (!to.full())
        if (auto ok = to.add(x.text, 0); !ok)
          return ok;
  }
  return {};
}

result<void> collect_set(redis& db, collector& to, const std::string& key,
                         double since_s, bool ended) {
  auto least = since_s > 0 ? std::to_string(since_s * 1000) : "-inf";
  for (uint32_t at = 0; !to.full(); at += page) {
    auto got = db.ask({"ZREVRANGEBYSCORE", key, "+inf", ended ? least : "-inf",
                       "WITHSCORES", "LIMIT", std::to_string(at),
                       std::to_string(page)});
    if (!got || got->elements.empty())
      return got ? result<void>{} : fail(got.error());
    auto& xs = got->elements;
    for (size_t i = 0; i + 1 < xs.size(); i += 2) {
      record score{{"ms", xs[i + 1].text}};
      if (to.full())
        break;
      if (auto ok = to.add(xs[i].text,
                           ended ? number_field(score, "ms") / 1000 : 0);
          !ok)
        return ok;
    }
  }
  return {};
}

/// The smallest index that has all that are asked for.
std::string index_of(const job_filter& x) {
  auto all = keys::ended(key_prefix);
  if (!x.status.empty())
    return all + ":" + x.status;
  return x.type.empty() ? all : all + ":" + x.type;
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
  collector found{db, opts};
  auto ok = opts.waiting ? collect_list(db, found)
                         : collect_set(db, found,
                                       opts.running ? keys::leases(key_prefix)
                                                    : index_of(opts.filter),
                                       since_s, !opts.running);
  if (!ok)
    return report(failed, ok.error().message);
  auto jobs = found.take();
  if (ctx.json)
    std::cout << "{\"jobs\":" << jobs_json(jobs) << "}\n";
  else
    std::cout << (jobs.empty() ? "no such job\n" : jobs_table(jobs, *now));
  return done;
}

// -- again --------------------------------------------------------------------

/// In one step. The time that a job had until its deadline counts from now on.
constexpr auto retry_lua = R"lua(
local old, new, queue = unpack(KEYS)
local id, old_id, now = unpack(ARGV)
if redis.call('EXISTS', old) == 0 then return 'missing' end
local r = redis.call('HMGET', old, 'status', 'type', 'data', 'max_time',
                     'created_at', 'complete_by')
local status = r[1] or ''
if status == '' or status == 'queued' or status == 'running' then
  return 'has not ended: ' .. (status == '' and 'no status' or status)
end
local set = {'HSET', new, 'id', id, 'type', r[2] or '', 'status', 'queued',
             'created_at', now, 'retry_of', old_id}
local function put(name, value)
  if value then
    table.insert(set, name)
    table.insert(set, value)
  end
end
put('data', r[3])
put('max_time', r[4])
local created, due = tonumber(r[5] or ''), tonumber(r[6] or '')
if created and due and due > created then
  put('complete_by', string.format('%.3f', now + due - created))
end
redis.call(unpack(set))
redis.call('RPUSH', queue, id)
return 'done'
)lua";

int retry(const context& ctx, redis& db, const ended_options& opts) {
  auto now = db.time();
  if (!now)
    return report(failed, now.error().message);
  auto id = new_job_id();
  auto got
    = db.ask({"EVAL", retry_lua, "3", keys::record(opts.id), keys::record(id),
              std::string{keys::queue}, id, opts.id, std::to_string(*now)});
  if (!got)
    return report(failed,
                  "job " + excerpt(opts.id, 80) + ": " + got.error().message);
  if (got->text == "missing")
    return report(failed, "there is no job " + excerpt(opts.id, 80));
  if (got->text != "done")
    return report(failed,
                  "job " + excerpt(opts.id, 80) + " " + excerpt(got->text, 80));
  if (ctx.json)
    std::cout << "{\"id\":" << json::quote(id)
              << ",\"retry_of\":" << json::quote(opts.id) << "}\n";
  else
    std::cout << id << '\n';
  return done;
}

// -- its events ---------------------------------------------------------------

told_event event_of(const redis_value& x) {
  told_event out;
  if (x.elements.size() != 2)
    return out;
  record id{{"ms", x.elements[0].text.substr(0, x.elements[0].text.find('-'))}};
  out.at_s = number_field(id, "ms") / 1000;
  auto& words = x.elements[1].elements;
  for (size_t i = 0; i + 1 < words.size(); i += 2)
    out.fields[words[i].text] = words[i + 1].text;
  out.what = field(out.fields, "what");
  out.fields.erase("what");
  return out;
}

result<std::vector<told_event>> read_events(redis& db, const std::string& id,
                                            const record& job) {
  std::vector<told_event> out;
  auto gpus = gpus_of(job);
  for (std::string from = "-";;) {
    auto got = db.ask({"XRANGE", keys::events(key_prefix), from, "+", "COUNT",
                       std::to_string(page)});
    if (!got)
      return fail(got.error());
    auto& xs = got->elements;
    // The first one of a later page is the last one of the page before.
    for (auto at = from == "-" ? 0u : 1u; at < xs.size(); ++at)
      if (auto x = event_of(xs[at]); belongs_to(x, id, job, gpus))
        out.push_back(std::move(x));
    if (xs.size() < page)
      return out;
    from = xs.back().elements.front().text;
  }
}

int trace(const context& ctx, redis& db, const ended_options& opts) {
  auto job = db.hash(keys::record(opts.id));
  if (!job)
    return report(failed, job.error().message);
  auto events = read_events(db, opts.id, *job);
  if (!events)
    return report(failed, events.error().message);
  if (job->empty() && events->empty())
    return report(failed, "nothing is known of a job " + excerpt(opts.id, 80));
  auto all = timeline(*job, *events);
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
