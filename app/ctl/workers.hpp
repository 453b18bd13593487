#pragma once
// `c3ctl workers`: the workers that live, by their heartbeats in Redis.
#include "app/ctl/context.hpp"

#include <CLI/CLI.hpp>

#include <functional>

namespace render::ctl {

void add_workers(CLI::App& app, context& ctx, std::function<int()>& action);

} // namespace render::ctl
