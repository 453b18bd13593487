#pragma once
// `c3ctl status|result|cancel|queue`: shows and ends jobs.
#include "app/ctl/context.hpp"

#include <CLI/CLI.hpp>

#include <functional>

namespace render::ctl {

void add_jobs(CLI::App& app, context& ctx, std::function<int()>& action);

/// Prints a finished job and returns 0 when the job succeeded, else 1. With an
/// empty `output_file` the result's text or URL goes to standard output.
int print_result(const context& ctx, redis& db, const std::string& job_id,
                 const std::string& output_file);

} // namespace render::ctl
