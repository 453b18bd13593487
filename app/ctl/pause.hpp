#pragma once
// `c3ctl pause|resume`: stops and allows launches of the whole fleet.
#include "app/ctl/context.hpp"

#include <CLI/CLI.hpp>

#include <functional>

namespace render::ctl {

void add_pause(CLI::App& app, context& ctx, std::function<int()>& action);

} // namespace render::ctl
