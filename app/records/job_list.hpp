#pragma once
// Lists of jobs: what is asked for, and what fits. Pure.
#include "app/records/record.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace render::records {

struct listed_job {
  std::string id;
  /// By Redis' clock, Unix seconds; 0: it has not ended.
  double ended_s = 0;
  /// Empty: the record is deleted.
  record fields;
};

/// Empty, or 0: any.
struct job_filter {
  std::string status{};
  std::string type{};
  /// That runs it, or ran it last.
  std::string worker{};
  /// Of its present or last attempt, or of an earlier one: ledger id.
  std::string gpu{};
  /// All of them occur in the id, the input, the result or the error. Upper and
  /// lower case of ASCII are the same.
  std::vector<std::string> words{};
  /// Of its end, or of its creation while it has not ended; Unix seconds,
  /// inclusive.
  double from_s = 0;
  double to_s = 0;
};

/// "two  words" in lower case: {"two", "words"}.
std::vector<std::string> words_of(std::string_view text);

bool fits(const job_filter& filter, const listed_job& x);

/// Where a page ends: the next begins behind it.
struct job_cursor {
  /// Of the end, the beginning or the creation, as the list is sorted.
  int64_t ms = 0;
  std::string id;
};

/// For clients, who must not read meaning into it.
std::string cursor_text(const job_cursor& x);
std::optional<job_cursor> read_cursor(std::string_view text);

/// A number of attempts that a record's `attempt_{n}` are looked for in.
inline constexpr int attempts_shown = 5;

/// What lists show of a record, which may be long.
const std::vector<std::string>& shown_fields();

} // namespace render::records
