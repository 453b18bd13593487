#pragma once
// `c3ctl gpus`: open and ended entries of the launch ledger, with their cost.
#include "app/ctl/context.hpp"
#include "app/ctl/open_gpu.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <vector>

namespace render::ctl {

/// By the end of their leases, the earliest first.
result<std::vector<open_gpu>> read_open_gpus(redis& db);

void add_gpus(CLI::App& app, context& ctx, std::function<int()>& action);

} // namespace render::ctl
