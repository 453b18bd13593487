#pragma once
// Job records as text for people and as JSON for scripts. Pure.
#include "app/records/record.hpp"
#include "messages/failure.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace render::ctl {

using records::field;
using records::is_final;
using records::is_uuid;
using records::number_field;
using records::record;
using records::span_text;

/// At most `limit` characters of it; "-" for nothing.
std::string or_dash(const std::string& x, size_t limit);

/// "running 45 % render", one line for a job's record.
std::string progress_line(const record& x);

/// "[#########-----------]  45 %" for a fraction from 0 to 1.
std::string progress_bar(double fraction);

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

} // namespace render::ctl
