#pragma once
// `c3ctl jobs|retry|trace`: finds jobs, runs one again as a new job, and tells
// what became of one.
#include "app/ctl/context.hpp"

#include <CLI/CLI.hpp>

#include <functional>

namespace render::ctl {

void add_ended(CLI::App& app, context& ctx, std::function<int()>& action);

} // namespace render::ctl
