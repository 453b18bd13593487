#pragma once
// `c3ctl drain`, and `c3ctl gpus --drain|--stop`: what an operator wishes of a
// worker or of a GPU.
#include "app/ctl/context.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <string>

namespace render::ctl {

/// Of a GPU, by the id of its ledger entry.
int wish_of_gpu(const context& ctx, redis& db, const std::string& id,
                bool at_once);

void add_drain(CLI::App& app, context& ctx, std::function<int()>& action);

} // namespace render::ctl
