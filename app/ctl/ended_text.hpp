#pragma once
// Lists of jobs, and the timeline of one job, as text for people and as JSON
// for scripts. Pure.
#include "app/ctl/record_text.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace render::ctl {

/// "90", "30m", "2h" or "7d" in seconds; nullopt: none of these.
std::optional<double> span_of(std::string_view text);

struct listed_job {
  std::string id;
  /// By Redis' clock, Unix seconds; 0: it has not ended.
  double ended_s = 0;
  /// Empty: the record is deleted.
  record fields;
};

/// What `c3ctl jobs` is asked for; empty: any.
struct job_filter {
  std::string status;
  std::string type;
  std::string worker;
};

bool fits(const job_filter& filter, const listed_job& x);

std::string jobs_table(const std::vector<listed_job>& xs, double now_s);
std::string jobs_json(const std::vector<listed_job>& xs);

/// An entry of `c3:events`.
struct told_event {
  double at_s = 0;
  /// "job_claimed" …
  std::string what;
  record fields;
};

/// The GPUs of its attempts, as the launch ledger names them.
std::set<std::string> gpus_of(const record& job);

/// Whether it belongs to the job `id`: as its own, or as that of one of its
/// GPUs while it waited or ran.
bool belongs_to(const told_event& x, const std::string& id, const record& job,
                const std::set<std::string>& gpus);

/// All that is known of a job, in the order of time: what its record and the
/// stream of events say. What both say comes once.
std::vector<told_event> timeline(const record& job,
                                 const std::vector<told_event>& events);

/// A line each: when, how long after the one before, what, and its words.
std::string timeline_text(const std::vector<told_event>& xs);
std::string timeline_json(const std::vector<told_event>& xs);

} // namespace render::ctl
