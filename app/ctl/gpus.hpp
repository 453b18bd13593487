#pragma once
// `c3ctl gpus`: open and ended entries of the launch ledger, with their cost.
#include "app/ctl/context.hpp"

#include <CLI/CLI.hpp>

#include <functional>

namespace render::ctl {

void add_gpus(CLI::App& app, context& ctx, std::function<int()>& action);

} // namespace render::ctl
