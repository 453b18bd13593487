#pragma once
// `c3ctl why`: what a job waits for, and when it is to begin.
#include "app/ctl/context.hpp"
#include "app/ctl/record_text.hpp"
#include "app/records/waits.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <string>

namespace render::ctl {

/// Of one that waits: place, reason and begin as JSON.
std::string waiting_json(const records::waiting& x);

/// For whoever follows a job that is queued: place, reason, begin. "queued"
/// when that cannot be told.
std::string why_it_waits(redis& db, const std::string& id, const record& job);

void add_why(CLI::App& app, context& ctx, std::function<int()>& action);

} // namespace render::ctl
