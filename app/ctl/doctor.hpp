#pragma once
// `c3ctl doctor`: is work flowing, what is wrong, why, and what to do.
#include "app/ctl/context.hpp"

#include <CLI/CLI.hpp>

#include <functional>

namespace render::ctl {

/// Exit code `done` when there is no problem, else `failed`.
void add_doctor(CLI::App& app, context& ctx, std::function<int()>& action);

} // namespace render::ctl
