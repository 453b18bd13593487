#pragma once
// Lists of jobs, and the timeline of one job, as text for people and as JSON
// for scripts. Pure.
#include "app/ctl/record_text.hpp"
#include "app/records/job_list.hpp"
#include "app/records/timeline.hpp"

#include <optional>
#include <string>
#include <vector>

namespace render::ctl {

/// "90", "30m", "2h" or "7d" in seconds; nullopt: none of these.
std::optional<double> span_of(std::string_view text);

using records::job_filter;
using records::listed_job;
using records::told_event;

std::string jobs_table(const std::vector<listed_job>& xs, double now_s);
std::string jobs_json(const std::vector<listed_job>& xs);

/// A line each: when, how long after the one before, what, and its words.
std::string timeline_text(const std::vector<told_event>& xs);
std::string timeline_json(const std::vector<told_event>& xs);

} // namespace render::ctl
