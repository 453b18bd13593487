#pragma once
// `c3ctl webhooks list|show|replay`: undelivered webhooks and dead letters.
#include "app/ctl/context.hpp"

#include <CLI/CLI.hpp>

#include <functional>

namespace render::ctl {

void add_webhooks(CLI::App& app, context& ctx, std::function<int()>& action);

} // namespace render::ctl
