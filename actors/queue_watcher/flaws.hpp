#pragma once
// Jobs that can never run, and what the log says of them. Pure.
#include "actors/event.hpp"
#include "messages/moment.hpp"
#include "messages/queue.hpp"

#include <optional>
#include <string>

namespace render::queue_watcher {

/// Whether `complete_by_s` (0: never) has passed; both are dates.
bool is_late(double complete_by_s, double unix_s);

/// The job's `complete_by`, by the steady clock; nothing when it has none.
std::optional<double> late_at(const job& x, const moment& now);

/// Why this job cannot run, whatever GPU is there; nothing when it can.
std::optional<failure> flaw_of(const job& x, double unix_s);

/// How a log line about this job begins.
std::string name_of(const job& x);

/// Of a job that ends before it began: its producer looks for the reason in the
/// log.
std::string last_word(const msg::unfit_job& x, double unix_s);

/// The same for machines; `seconds`: how long it waited.
event about_end(const msg::unfit_job& x, double unix_s);

} // namespace render::queue_watcher
