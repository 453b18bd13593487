#pragma once
// `c3ctl listen`: a webhook receiver for people and for tests.
#include "app/ctl/context.hpp"

#include <CLI/CLI.hpp>

#include <functional>

namespace render::ctl {

void add_listen(CLI::App& app, context& ctx, std::function<int()>& action);

} // namespace render::ctl
