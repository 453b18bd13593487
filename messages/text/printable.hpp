#pragma once
// Text of others on its way to a log, a terminal or an error: it must not move
// the cursor, forge a line, or turn the direction of its neighbours.
#include <cstddef>
#include <string>
#include <string_view>

namespace render {

/// Is this one character (see take_utf8) a control character (C0, DEL, C1), a
/// line separator (U+2028, U+2029) or one that turns the direction of text
/// (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069)?
bool is_unprintable(std::string_view character);

/// `text` with unprintable characters escaped, "\x1b" and "\u{202e}", and each
/// byte that is no valid UTF-8 replaced by U+FFFD. Output beyond `limit` bytes
/// is cut and ends in "...".
std::string printable(std::string_view text, size_t limit = std::string::npos);

/// Like `printable`, but line breaks and tabs stay: for a text of many lines.
std::string printable_lines(std::string_view text);

} // namespace render
