#pragma once
// JSON as the producers' Python writes it: with NaN, Infinity and halves of
// surrogate pairs, none of which is JSON.
#include "messages/json.hpp"

namespace render::json {

/// Like `parse`, but NaN, Infinity and -Infinity are read as texts of these
/// names, and half a surrogate pair as U+FFFD.
result<document> parse_from_producer(std::string_view text);

/// The text value of the first member of this name, found without parsing what
/// is around it; empty when there is none. For documents that cannot be read.
std::string scan_for_text(std::string_view text, std::string_view name);

} // namespace render::json
