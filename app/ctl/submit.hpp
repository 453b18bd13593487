#pragma once
// `c3ctl submit`: checks like a producer, then writes the producer's record.
#include "app/ctl/context.hpp"

#include <CLI/CLI.hpp>

#include <functional>

namespace render::ctl {

/// Adds the command; the chosen action's exit code goes to `result`.
void add_submit(CLI::App& app, context& ctx, std::function<int()>& action);

} // namespace render::ctl
