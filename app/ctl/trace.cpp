#include "app/ctl/trace.hpp"

#include "app/ctl/trace_line.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <unordered_set>
#include <vector>

namespace render::ctl {

namespace {

struct found_jobs {
  std::vector<trace_line> lines;
  /// Number of jobs that were left out, by reason.
  std::map<std::string, size_t> skipped;
};

/// Only these fields leave Redis: a trace never has the content of a job.
result<trace_fields> read_fields(redis& db, const std::string& key) {
  auto got = db.ask({"HMGET", key, "type", "created_at", "started_at",
                     "finished_at", "complete_by"});
  if (!got)
    return fail(got.error());
  auto text = [&](size_t i) {
    return i < got->elements.size() ? got->elements[i].text : std::string{};
  };
  return trace_fields{text(0), text(1), text(2), text(3), text(4)};
}

result<void> add_job(redis& db, const std::string& key, found_jobs& out) {
  auto line = read_fields(db, key).and_then([](const trace_fields& x) {
    return make_trace_line(x);
  });
  if (line)
    out.lines.push_back(std::move(*line));
  else if (line.error().kind == failure_kind::invalid_input)
    ++out.skipped[line.error().message];
  else if (line.error().kind == failure_kind::rejected)
    ++out.skipped["no job record"];
  else
    return fail(line.error());
  return {};
}

/// SCAN may name a key twice, and job:* also matches job:*:lock.
result<found_jobs> find_jobs(redis& db) {
  found_jobs out;
  std::unordered_set<std::string> seen;
  std::string cursor = "0";
  do {
    auto got = db.ask({"SCAN", cursor, "MATCH", "job:*", "COUNT", "1000"});
    if (!got)
      return fail(got.error());
    if (got->elements.size() != 2)
      return fail(failure_kind::internal, "Redis: unexpected reply to SCAN");
    cursor = got->elements[0].text;
    for (auto& key : got->elements[1].elements) {
      if (key.text.ends_with(":lock") || !seen.insert(key.text).second)
        continue;
      if (auto ok = add_job(db, key.text, out); !ok)
        return fail(ok.error());
    }
  } while (cursor != "0");
  std::stable_sort(out.lines.begin(), out.lines.end(), [](auto& a, auto& b) {
    return a.created_s < b.created_s;
  });
  return out;
}

void report_counts(const found_jobs& x) {
  std::cerr << "exported " << x.lines.size() << " jobs";
  auto separator = "; left out: ";
  for (auto& [why, count] : x.skipped) {
    std::cerr << separator << count << " " << why;
    separator = ", ";
  }
  std::cerr << '\n';
}

int export_trace(redis& db, const std::string& path) {
  auto jobs = find_jobs(db);
  if (!jobs)
    return report(failed, jobs.error().message);
  std::ofstream file;
  if (!path.empty())
    file.open(path, std::ios::binary);
  auto& out = path.empty() ? std::cout : file;
  for (auto& x : jobs->lines)
    out << x.text;
  if (!out.flush())
    return report(failed, (path.empty() ? "standard output" : path)
                            + " cannot be written");
  report_counts(*jobs);
  return done;
}

} // namespace

void add_export_trace(CLI::App& app, context& ctx,
                      std::function<int()>& action) {
  auto path = std::make_shared<std::string>();
  auto* cmd = app.add_subcommand("export-trace",
                                 "Export arrival times and durations of "
                                 "finished jobs, for c3-sim --trace");
  cmd->add_option("--output", *path,
                  "Write this file instead of standard output");
  cmd->footer(
    "JSON lines, oldest job first: {\"type\", \"created_at\", \"duration\", "
    "\"complete_by\"},\ntimes in Unix seconds. The duration is from the start "
    "of the last attempt to its\nend, transfers included. The content of jobs "
    "is neither read nor written. Left\nout, and counted on standard error: "
    "jobs that have not finished, jobs that a\nfront end has ended, jobs of "
    "unknown type, and jobs with unreadable times.\n\nExample:\n  c3ctl "
    "export-trace --output queue.jsonl\n  c3-sim --trace ./queue.jsonl --nodes "
    "4 --policy contract,clairvoyant");
  cmd->callback([&ctx, &action, path] {
    action = [&ctx, path] {
      return with_redis(ctx, [&](redis& db) {
        return export_trace(db, *path);
      });
    };
  });
}

} // namespace render::ctl
