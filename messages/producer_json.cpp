#include "messages/producer_json.hpp"

#include <charconv>

namespace render::json {

namespace {

constexpr std::string_view replacement = "\\ufffd";

/// The code unit of an escape like \ud83d at `at`; 0 when there is none.
unsigned escaped_unit(std::string_view text, size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u')
    return 0;
  unsigned out = 0;
  auto* begin = text.data() + at + 2;
  auto [end, error] = std::from_chars(begin, begin + 4, out, 16);
  return error == std::errc{} && end == begin + 4 ? out : 0;
}

bool is_high(unsigned unit) {
  return unit >= 0xd800 && unit < 0xdc00;
}

bool is_low(unsigned unit) {
  return unit >= 0xdc00 && unit < 0xe000;
}

/// Copies one escape of a string and returns its length.
size_t copy_escape(std::string_view text, size_t at, std::string& to) {
  auto unit = escaped_unit(text, at);
  auto whole = is_high(unit) && is_low(escaped_unit(text, at + 6));
  if (!whole && (is_high(unit) || is_low(unit))) {
    to += replacement;
    return 6;
  }
  auto escape = text.substr(at, whole ? 12 : 2);
  to += escape;
  return escape.size();
}

/// Copies a bare NaN or Infinity as a text and returns its length; 0: none.
size_t copy_constant(std::string_view text, size_t at, std::string& to) {
  for (std::string_view name : {"NaN", "Infinity", "-Infinity"})
    if (text.substr(at).starts_with(name)) {
      to.append("\"").append(name).append("\"");
      return name.size();
    }
  return 0;
}

std::string as_json(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool quoted = false;
  for (size_t i = 0; i < text.size();) {
    size_t copied = 0;
    if (quoted && text[i] == '\\')
      copied = copy_escape(text, i, out);
    else if (!quoted)
      copied = copy_constant(text, i, out);
    if (copied == 0) {
      quoted ^= text[i] == '"';
      out += text[i];
      copied = 1;
    }
    i += copied;
  }
  return out;
}

/// Without the blanks in front.
std::string_view trimmed(std::string_view text) {
  auto at = text.find_first_not_of(" \t\r\n");
  return at == std::string_view::npos ? std::string_view{} : text.substr(at);
}

} // namespace

result<document> parse_from_producer(std::string_view text) {
  return parse(as_json(text));
}

std::string scan_for_text(std::string_view text, std::string_view name) {
  auto key = quote(name);
  auto at = text.find(key);
  if (at == std::string_view::npos)
    return {};
  text = trimmed(text.substr(at + key.size()));
  if (!text.starts_with(':'))
    return {};
  text = trimmed(text.substr(1));
  if (!text.starts_with('"'))
    return {};
  size_t end = 1;
  while (end < text.size() && text[end] != '"')
    end += text[end] == '\\' ? 2 : 1;
  if (end >= text.size())
    return {};
  auto value = parse_from_producer(text.substr(0, end + 1));
  return value && value->IsString()
           ? std::string{value->GetString(), value->GetStringLength()}
           : std::string{};
}

} // namespace render::json
