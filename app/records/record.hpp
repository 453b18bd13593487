#pragma once
// Fields of records in Redis, as anybody may have written them. Pure.
#include <map>
#include <string>
#include <string_view>

namespace render::records {

/// In front of the keys that only workers and the service use.
inline constexpr std::string_view key_prefix = "c3:";

/// A hash in Redis.
using record = std::map<std::string, std::string>;

/// Empty when absent.
std::string field(const record& x, const std::string& name);

/// 0 when absent or no number.
double number_field(const record& x, const std::string& name);

/// The same of a text that is no field.
double number_of(const std::string& text);

/// Of a job's `status`.
bool is_final(const std::string& status);

/// "12 s", "3 min 5 s", "2 h 1 min", "4 d 2 h".
std::string span_text(double seconds);

/// Is `x` a UUID in lower case, as producers write ids?
bool is_uuid(std::string_view x);

} // namespace render::records
