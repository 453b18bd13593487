#pragma once
// Job records as text for people and as JSON for scripts. Pure.
#include "messages/failure.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace render::ctl {

/// A job's hash in Redis.
using record = std::map<std::string, std::string>;

/// Empty when absent.
std::string field(const record& x, const std::string& name);

/// 0 when absent or no number.
double number_field(const record& x, const std::string& name);

bool is_final(const std::string& status);

/// "running 45 % render", one line for a job's record.
std::string progress_line(const record& x);

/// "[#########-----------]  45 %" for a fraction from 0 to 1.
std::string progress_bar(double fraction);

/// "12 s", "3 min 5 s", "2 h 1 min", "4 d 2 h".
std::string span_text(double seconds);

/// The record as one JSON object: numbers as numbers, `data` as an object
/// where it is one, the rest as strings.
std::string record_json(const record& x);

/// All fields, one a line, the well-known ones first. `now` is Unix seconds.
std::string record_table(const record& x, double now);

/// Who has locked a waiting job: empty, the worker's name, or a remark that the
/// lock has expired. `lock_lives` tells whether the key `job:{id}:lock` exists.
std::string holder_text(const record& x, bool lock_lives);

/// Rows in columns with two spaces between. All rows must be as long as the
/// first.
std::string columns_text(const std::vector<std::vector<std::string>>& rows);

/// "12 s", or "ran out" when `left_s` is 0 or less.
std::string lease_text(double left_s);

/// Is `x` a UUID in lower case, as producers write ids?
bool is_uuid(std::string_view x);

} // namespace render::ctl
