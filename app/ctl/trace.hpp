#pragma once
// `c3ctl export-trace`: arrival times and durations of jobs, for c3-sim.
#include "app/ctl/context.hpp"

#include <CLI/CLI.hpp>

#include <functional>

namespace render::ctl {

void add_export_trace(CLI::App& app, context& ctx,
                      std::function<int()>& action);

} // namespace render::ctl
