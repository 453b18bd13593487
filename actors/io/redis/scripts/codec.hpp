#pragma once
// Fields of records as Redis has them, and back. Pure: knows no connection and
// no clock.
#include "actors/io/redis/link/reply.hpp"
#include "messages/job.hpp"

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace render::job_store {

/// A finite decimal number, blanks around it allowed; nothing else.
std::optional<double> parse_number(std::string_view text);

/// Shortest text that reads back as the same number, never an exponent.
std::string number_text(double x);

/// What a look counts, in this order.
inline constexpr std::array<std::string_view, 4> job_types{
  "csm", "whisper", "portrait", "analyze"};

/// With commas between.
std::string job_types_text();

/// `redis_version` of an INFO reply.
result<std::string> decode_version(const reply& x);

/// Of a history no more than its last lines are kept.
inline constexpr size_t history_lines_max = 20;

/// The history field of a record: one line an attempt that ended.
std::vector<std::string> split_history(std::string_view text);
/// Line breaks in an entry become spaces; the oldest entries go when there are
/// many.
std::string join_history(const std::vector<std::string>& entries);

/// When to look again for what dead workers have left. `due_ms`: until the
/// first lease runs out, negative when there is none. A lease that begins after
/// a look lasts until the next one at least.
std::chrono::milliseconds until_next_look(int64_t due_ms,
                                          std::chrono::milliseconds least,
                                          std::chrono::milliseconds lease);

/// The error reply of Redis as a failure: LOADING, OOM, READONLY, BUSY and the
/// like are an outage, wrong credentials too; anything else a bug.
failure failure_of(std::string_view error);

/// Was this job claimed without a record, so that settling it has to make one?
bool is_recordless(const job& x);

/// The body of the webhook of an ended job. Always valid UTF-8.
std::string webhook_body(const job& subject, const job_outcome& outcome);

} // namespace render::job_store
