#pragma once
// `c3ctl status|result|cancel|queue`: looking at jobs, and ending them.
#include "app/ctl/context.hpp"

#include <CLI/CLI.hpp>

#include <functional>

namespace render::ctl {

void add_jobs(CLI::App& app, context& ctx, std::function<int()>& action);

/// Prints a finished job; 0 when it succeeded, else 1. An empty `output_file`:
/// the text, or the URL of the result, goes to standard output.
int print_result(const context& ctx, redis& db, const std::string& job_id,
                 const std::string& output_file);

} // namespace render::ctl
