#pragma once
// `c3ctl watch`: progress of all running jobs.
#include "app/ctl/context.hpp"

#include <CLI/CLI.hpp>

#include <functional>

namespace render::ctl {

void add_watch(CLI::App& app, context& ctx, std::function<int()>& action);

} // namespace render::ctl
