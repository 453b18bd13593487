#pragma once
// Counts what waits in a long queue a piece at a time, so that no script holds
// Redis up for long. Internal to the JOB STORE.
#include "actors/io/redis/scripts/scripts.hpp"

#include <functional>
#include <string>

namespace render::job_store {

struct shell;

/// The next piece of a count.
/// KEYS: queue, count.
/// ARGV: worker id, the id that was counted last, how many have been, ids of a
///       piece, now (Unix s), types to count (comma-separated), the counts so
///       far (with spaces between), for how long the whole count holds (ms),
///       most ids to count.
/// Returns {counts, ids counted so far, the last one of them, 1 when there are
/// no more}.
const script& count_script();

/// The head of the queue, as far as it may be an id; nil when it is empty.
/// KEYS: queue.
const script& head_script();

/// `rest` is what a look has left to be counted ("IDS LAST") after `counts`.
/// Says the counts of all; of as much as could be counted when Redis fails.
void count_rest(const shell& sh, const std::string& rest, std::string counts,
                std::function<void(std::string counts)> then);

} // namespace render::job_store
