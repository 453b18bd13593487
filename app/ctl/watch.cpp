// Finds running jobs by their lock keys, which a worker keeps alive while it
// works. A search through job records could take long: there may be very many
// old ones.
#include "app/ctl/watch.hpp"

#include "app/ctl/record_text.hpp"
#include "messages/http.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>
#include <set>

namespace render::ctl {

namespace {

constexpr std::string_view key_prefix = "job:";
constexpr std::string_view lock_suffix = ":lock";

struct watch_options {
  bool once = false;
  double interval_s = 0.5;
};

using jobs_by_id = std::map<std::string, record>;

struct snapshot {
  jobs_by_id jobs;
  int64_t queued = 0;
};

result<std::set<std::string>> locked_ids(redis& db) {
  std::set<std::string> out;
  std::string cursor = "0";
  do {
    auto got = db.ask({"SCAN", cursor, "MATCH", "job:*:lock", "COUNT", "1000"});
    if (!got)
      return fail(got.error());
    if (got->elements.size() != 2)
      return fail(failure_kind::internal, "Redis: unexpected reply to SCAN");
    cursor = got->elements[0].text;
    for (auto& key : got->elements[1].elements) {
      auto id = key.text.substr(key_prefix.size());
      out.insert(id.substr(0, id.size() - lock_suffix.size()));
    }
  } while (cursor != "0");
  return out;
}

/// Follows the `known` jobs to their end. Also looks at the head of the queue,
/// so that a job that runs only for a moment is not missed.
result<snapshot> look(redis& db, std::set<std::string>& known) {
  auto locked = locked_ids(db);
  if (!locked)
    return fail(locked.error());
  known.merge(*locked);
  auto head = db.ask({"LRANGE", "queue:jobs", "0", "99"});
  auto length = db.ask({"LLEN", "queue:jobs"});
  if (!head || !length)
    return fail(head ? length.error() : head.error());
  for (auto& id : head->elements)
    known.insert(id.text);
  snapshot out;
  out.queued = length->integer;
  for (auto at = known.begin(); at != known.end();) {
    auto got = db.hash("job:" + *at);
    if (!got && got.error().kind == failure_kind::unavailable)
      return fail(got.error());
    auto gone = !got || got->empty();
    if (!gone && field(*got, "status") != "queued")
      out.jobs.emplace(*at, *got);
    at = gone || is_final(field(*got, "status")) ? known.erase(at)
                                                 : std::next(at);
  }
  return out;
}

std::string counts(const snapshot& now) {
  size_t running = 0;
  for (auto& [id, fields] : now.jobs)
    running += field(fields, "status") == "running" ? 1 : 0;
  return std::to_string(running) + " running, " + std::to_string(now.queued)
         + " queued";
}

std::string bar_line(const std::string& id, const record& x) {
  auto began = number_field(x, "started_at");
  auto type = excerpt(field(x, "type"), 8);
  type.resize(8, ' ');
  return excerpt(id, 40) + "  " + type + "  "
         + progress_bar(number_field(x, "progress")) + "  "
         + (began > 0 ? span_text(unix_now() - began) + "  " : "")
         + excerpt(field(x, "stage"), 40);
}

/// Draws over its last picture.
class screen {
public:
  void draw(const snapshot& now) {
    std::string out;
    if (lines_ > 0)
      out += "\x1b[" + std::to_string(lines_) + "A";
    lines_ = 1;
    // A line that wraps, or a picture taller than the screen, could not be
    // drawn over. So wrapping is off meanwhile, and only lines that fit are
    // printed.
    out += "\x1b[?7l" + counts(now) + "\x1b[K\n";
    auto rows = height();
    for (auto& [id, fields] : now.jobs)
      if (field(fields, "status") == "running" && lines_ + 1 < rows) {
        out += bar_line(id, fields) + "\x1b[K\n";
        ++lines_;
      }
    std::cout << out << "\x1b[J\x1b[?7h" << std::flush;
  }

private:
  static size_t height() {
    winsize size{};
    auto known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0
                 && size.ws_row > 0;
    return known ? size.ws_row : 24;
  }

  size_t lines_ = 0;
};

/// A line for each change.
class change_log {
public:
  explicit change_log(bool json) : json_(json) {
    // nop
  }

  void draw(const snapshot& now) {
    for (auto& [id, fields] : now.jobs) {
      auto line = progress_line(fields);
      if (last_[id] == line)
        continue;
      last_[id] = line;
      if (json_)
        std::cout << record_json(fields) << std::endl;
      else
        std::cout << excerpt(id, 40) << "  "
                  << excerpt(field(fields, "type"), 8) << "  " << line
                  << std::endl;
    }
    std::erase_if(last_, [&](auto& x) {
      return !now.jobs.contains(x.first);
    });
  }

private:
  bool json_;
  std::map<std::string, std::string> last_;
};

int show_once(const context& ctx, const snapshot& now) {
  if (!ctx.json)
    std::cout << counts(now) << '\n';
  for (auto& [id, fields] : now.jobs)
    if (field(fields, "status") == "running")
      std::cout << (ctx.json ? record_json(fields) : bar_line(id, fields))
                << '\n';
  return done;
}

int watch(const context& ctx, const watch_options& opts) {
  interrupts signals;
  auto db = redis::connect(ctx.where);
  if (!db)
    return report(failed, db.error().message);
  std::set<std::string> known;
  screen bars;
  change_log lines{ctx.json};
  auto on_terminal = !ctx.json && isatty(STDOUT_FILENO) == 1;
  std::chrono::milliseconds pause{static_cast<int>(opts.interval_s * 1000)};
  do {
    auto now = look(*db, known);
    if (!now)
      return report(failed, now.error().message);
    if (opts.once)
      return show_once(ctx, *now);
    if (on_terminal)
      bars.draw(*now);
    else
      lines.draw(*now);
  } while (!signals.wait(pause));
  return done;
}

} // namespace

void add_watch(CLI::App& app, context& ctx, std::function<int()>& action) {
  auto opts = std::make_shared<watch_options>();
  auto* cmd = app.add_subcommand("watch",
                                 "Show the progress of all running jobs");
  cmd->add_flag("--once", opts->once, "Show the current state and exit");
  cmd->add_option("--interval", opts->interval_s, "Seconds between updates")
    ->check(CLI::Range(0.05, 3600.0))
    ->capture_default_str();
  cmd->footer(
    "On a terminal, a bar for each job; else a line for each change "
    "(with --json, the\nrecord). Ends with Ctrl-C.\n\nExample:\n  c3ctl watch "
    "--once");
  cmd->callback([&ctx, &action, opts] {
    action = [&ctx, opts] {
      return watch(ctx, *opts);
    };
  });
}

} // namespace render::ctl
