#pragma once
// `c3ctl pause|resume`: stops and allows launches of the whole fleet.
#include "app/ctl/context.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <string>

namespace render::ctl {

/// USER@HOST: who gives this command, as far as it is known.
std::string whoever();

void add_pause(CLI::App& app, context& ctx, std::function<int()>& action);

} // namespace render::ctl
