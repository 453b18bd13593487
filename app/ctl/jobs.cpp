#include "app/ctl/jobs.hpp"

#include "app/ctl/command.hpp"
#include "app/ctl/download.hpp"
#include "app/ctl/leased.hpp"
#include "app/ctl/record_text.hpp"
#include "app/ctl/why.hpp"
#include "app/records/change.hpp"
#include "messages/http.hpp"
#include "messages/text/json.hpp"
#include "messages/text/printable.hpp"

#include <unistd.h>

#include <fstream>
#include <iostream>
#include <map>

namespace render::ctl {

namespace {

struct job_options {
  std::string id;
  std::string output_file;
  std::string status = "cancelled";
  std::string reason = "Cancelled with c3ctl";
  uint32_t limit = 100;
};

int no_such_job(const std::string& id) {
  return report(failed, "there is no job " + excerpt(id, 80));
}

int show_status(const context& ctx, redis& db, const job_options& opts) {
  auto got = db.hash("job:" + opts.id);
  if (!got)
    return report(failed, got.error().message);
  if (got->empty())
    return no_such_job(opts.id);
  std::cout << (ctx.json ? record_json(*got) + "\n"
                         : record_table(*got, unix_now()));
  return done;
}

int save_text(const std::string& text, const std::string& path) {
  std::ofstream out{path, std::ios::binary};
  out << text;
  out.close();
  if (!out)
    return report(failed, path + " cannot be written");
  std::cerr << "saved as " << path << '\n';
  return done;
}

int save_url(const std::string& url, const std::string& path) {
  auto saved = download(url, path);
  if (!saved)
    return report(failed, saved.error().message);
  std::cerr << "saved as " << printable(*saved) << '\n';
  return done;
}

int cancel(const context& ctx, redis& db, const job_options& opts) {
  auto got = records::cancel(db, opts.id, opts.status, opts.reason);
  if (!got)
    return report(failed, got.error().message);
  if (!got->found)
    return no_such_job(opts.id);
  if (is_final(got->was))
    return report(failed, "job " + opts.id
                            + " has ended already: " + excerpt(got->was, 40));
  if (ctx.json)
    std::cout << "{\"id\":" << json::quote(opts.id)
              << ",\"status\":" << json::quote(opts.status)
              << ",\"was\":" << json::quote(got->was) << "}\n";
  else
    std::cout << opts.id << " is " << opts.status << "; it was "
              << (got->was.empty() ? "without status" : got->was) << '\n';
  return done;
}

struct waiting_job {
  std::string id;
  record fields;
  std::string holder;
};

result<std::vector<waiting_job>> read_queue(redis& db, uint32_t limit) {
  auto ids = db.ask({"LRANGE", "queue:jobs", "0", std::to_string(limit - 1)});
  if (!ids)
    return fail(ids.error());
  std::vector<waiting_job> out;
  for (auto& id : ids->elements) {
    waiting_job x{id.text, {}, {}};
    auto key = "job:" + id.text;
    auto lock = db.ask({"EXISTS", key + ":lock"});
    if (!lock)
      return fail(lock.error());
    auto got = db.hash(key);
    if (!got && got.error().kind == failure_kind::unavailable)
      return fail(got.error());
    // A key of another type is no record: the worker will drop the id.
    if (got)
      x.fields = std::move(*got);
    x.holder = holder_text(x.fields, lock->integer == 1);
    out.push_back(std::move(x));
  }
  return out;
}

std::string queue_json(const waiting_job& x, size_t position) {
  auto created = number_field(x.fields, "created_at");
  auto age = created > 0 ? static_cast<int64_t>(unix_now() - created) : 0;
  return "{\"position\":" + std::to_string(position)
         + ",\"id\":" + json::quote(x.id)
         + ",\"type\":" + json::quote(field(x.fields, "type")) + ",\"status\":"
         + json::quote(field(x.fields, "status")) + ",\"age_s\":"
         + std::to_string(age) + ",\"held_by\":" + json::quote(x.holder) + "}";
}

void print_queue_row(const waiting_job& x, size_t position) {
  auto created = number_field(x.fields, "created_at");
  auto type = x.fields.empty() ? "no record"
                               : excerpt(field(x.fields, "type"), 10);
  auto age = created > 0 ? span_text(unix_now() - created) : "?";
  std::printf("%5zu  %-36s  %-10s  %-12s  %s\n", position,
              excerpt(x.id, 80).c_str(), type.c_str(), age.c_str(),
              x.holder.empty() ? "-" : x.holder.c_str());
}

// Of the last one of each type, which begins last.
void print_waits(redis& db, const std::vector<waiting_job>& jobs) {
  auto all = records::waits::read(db);
  if (!all)
    return;
  std::vector<std::string> queue;
  std::map<std::string, std::vector<std::string>> until;
  for (auto& x : jobs) {
    queue.push_back(field(x.fields, "type"));
    if (job_kind_from(queue.back()))
      until[queue.back()] = queue;
  }
  for (auto& [type, before] : until)
    std::printf("\nthe last %s %s\n", type.c_str(),
                all->why(before, 0).sentence.c_str());
}

int show_queue(const context& ctx, redis& db, const job_options& opts) {
  auto length = db.ask({"LLEN", "queue:jobs"});
  if (!length)
    return report(failed, length.error().message);
  auto jobs = read_queue(db, opts.limit);
  if (!jobs)
    return report(failed, jobs.error().message);
  auto leased = read_leased(db, opts.limit);
  if (!leased)
    return report(failed, leased.error().message);
  if (!ctx.json && jobs->empty())
    std::puts("nothing waits");
  else if (!ctx.json)
    std::printf("%5s  %-36s  %-10s  %-12s  %s\n", "", "job", "type", "age",
                "held by");
  std::string rows;
  for (size_t i = 0; i < jobs->size(); ++i)
    if (ctx.json)
      rows += (i > 0 ? "," : "") + queue_json((*jobs)[i], i + 1);
    else
      print_queue_row((*jobs)[i], i + 1);
  if (ctx.json)
    std::printf("{\"length\":%lld,\"jobs\":[%s],\"leased\":%s}\n",
                static_cast<long long>(length->integer), rows.c_str(),
                leased_json(*leased).c_str());
  else if (length->integer > static_cast<int64_t>(jobs->size()))
    std::printf("… and %lld more\n", static_cast<long long>(length->integer)
                                       - static_cast<long long>(jobs->size()));
  if (!ctx.json && !jobs->empty())
    print_waits(db, *jobs);
  if (!ctx.json && !leased->empty())
    std::printf("\nrunning\n%s", leased_table(*leased).c_str());
  return done;
}

using job_command = int (*)(const context&, redis&, const job_options&);

} // namespace

/// A pipe gets the text as it is; a terminal gets no control characters.
std::string for_output(const std::string& text) {
  return isatty(STDOUT_FILENO) ? printable_lines(text) : text;
}

int print_result(const context& ctx, redis& db, const std::string& job_id,
                 const std::string& output_file) {
  auto got = db.hash("job:" + job_id);
  if (!got)
    return report(failed, got.error().message);
  if (got->empty())
    return no_such_job(job_id);
  auto status = field(*got, "status");
  auto ok = status == "success";
  if (ctx.json)
    std::cout << record_json(*got) << '\n';
  if (!is_final(status))
    return report(failed,
                  "job " + job_id + " has not ended: " + progress_line(*got));
  if (!ok)
    return report(failed, "job " + job_id + " " + excerpt(status, 40) + ": "
                            + excerpt(field(*got, "error"), 2000));
  auto url = field(*got, "result_url");
  auto text = field(*got, "result");
  if (!output_file.empty())
    return url.empty() ? save_text(text, output_file)
                       : save_url(url, output_file);
  if (!ctx.json)
    std::cout << for_output(url.empty() ? text : url) << '\n';
  return done;
}

void add_jobs(CLI::App& app, context& ctx, std::function<int()>& action) {
  auto opts = std::make_shared<job_options>();
  auto add = [&](const char* name, const char* description, job_command run) {
    return add_command(app, ctx, action, opts, name, description, run);
  };
  auto* status = add("status", "Show the record of a job", show_status);
  status->add_option("ID", opts->id, "Job id")->required();
  status->footer("With --json, the record as one object.\n\nExample:\n  c3ctl "
                 "status 0a1b2c3d-... --json");
  auto* result = add("result", "Print or save the result of a job",
                     [](const context& c, redis& db, const job_options& x) {
                       return print_result(c, db, x.id, x.output_file);
                     });
  result->add_option("ID", opts->id, "Job id")->required();
  result->add_option("--output", opts->output_file,
                     "Save the result as this file, or into this folder");
  result->footer(
    "Without --output the result's text is printed, or its URL for "
    "a sound or a video.\n\nExample:\n  c3ctl result "
    "0a1b2c3d-... --output speech.mp3");
  auto* cancelled = add("cancel", "End a job, as a front end does", cancel);
  cancelled->add_option("ID", opts->id, "Job id")->required();
  cancelled->add_option("--status", opts->status, "New status of the job")
    ->check(CLI::IsMember({"cancelled", "timed_out", "failed"}))
    ->capture_default_str();
  cancelled->add_option("--reason", opts->reason, "Written to its error field")
    ->capture_default_str();
  cancelled->footer("A running job stops within about a second. A job that has "
                    "ended keeps its result.\n\nExample:\n  c3ctl cancel "
                    "0a1b2c3d-... --reason \"No longer needed\"");
  auto* queue = add("queue",
                    "Show waiting jobs, oldest first, and running jobs, with "
                    "their workers",
                    show_queue);
  queue->add_option("--limit", opts->limit, "Show at most this many")
    ->check(CLI::Range(1, 100'000))
    ->capture_default_str();
  queue->footer("A lock whose key has expired is dead: its worker is gone, and "
                "any worker may\nclaim the job.\n\nExample:\n  c3ctl queue "
                "--json --limit 1000");
}

} // namespace render::ctl
