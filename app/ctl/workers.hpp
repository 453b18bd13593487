#pragma once
// `c3ctl workers`: the workers that live, by their heartbeats in Redis.
#include "app/ctl/context.hpp"
#include "app/ctl/worker_text.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <vector>

namespace render::ctl {

/// The workers that live, by name.
result<std::vector<worker_view>> read_workers(redis& db);

void add_workers(CLI::App& app, context& ctx, std::function<int()>& action);

} // namespace render::ctl
