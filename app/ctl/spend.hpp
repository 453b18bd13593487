#pragma once
// `c3ctl spend`: what the fleet has spent on GPUs.
#include "app/ctl/context.hpp"

#include <CLI/CLI.hpp>

#include <functional>

namespace render::ctl {

void add_spend(CLI::App& app, context& ctx, std::function<int()>& action);

} // namespace render::ctl
