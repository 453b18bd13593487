#pragma once
// `c3ctl submit`: checks the job, then writes the record like a producer.
#include "app/ctl/context.hpp"

#include <CLI/CLI.hpp>

#include <functional>

namespace render::ctl {

/// Adds the command; the chosen action's exit code goes to `result`.
void add_submit(CLI::App& app, context& ctx, std::function<int()>& action);

} // namespace render::ctl
