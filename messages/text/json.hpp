#pragma once
// Reading and writing JSON with RapidJSON, without ever throwing or asserting
// on what came from outside: a missing member and a member of another type are
// both "not there", and the caller decides what that means.
#include "messages/failure.hpp"

#include <rapidjson/document.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace render::json {

/// RapidJSON's own pool begins with 64 KB, and most documents here have a few
/// hundred bytes.
class pool : public rapidjson::MemoryPoolAllocator<> {
public:
  pool() : MemoryPoolAllocator(4'096) {
    // nop
  }
};

using value = rapidjson::GenericValue<rapidjson::UTF8<>, pool>;
using document = rapidjson::GenericDocument<rapidjson::UTF8<>, pool>;

/// Fails as `invalid_input` with the offset of the error. Depth is limited to
/// 100 levels and the number of values, keys counted, to 1,000,000: hostile
/// input must exhaust neither the stack nor the memory. Half of a surrogate
/// pair (\ud83d alone), which JavaScript and Python write, is read as U+FFFD,
/// so the texts in it are valid UTF-8.
result<document> parse(std::string_view text);

/// Like Python's json, which also reads NaN, Infinity and -Infinity as numbers.
result<document> parse_as_python(std::string_view text);

/// The member, or nullptr when `object` is no object or has none.
const value* find(const value& object, std::string_view name);

/// Follows names and array indexes; nullptr as soon as one is missing.
template <class... Keys>
const value* find(const value& object, std::string_view name, Keys... rest) {
  auto* inner = find(object, name);
  return inner ? find(*inner, rest...) : nullptr;
}

std::optional<std::string> string(const value& object, std::string_view name);
std::optional<double> number(const value& object, std::string_view name);
std::optional<int64_t> integer(const value& object, std::string_view name);
std::optional<bool> boolean(const value& object, std::string_view name);

/// Empty when absent or of another type.
std::string string_or_empty(const value& object, std::string_view name);

/// Compact text of any value.
std::string to_text(const value& x);

/// `text` as a JSON string literal, quotes included.
std::string quote(std::string_view text);

/// `x` with so many decimals; 0 when it is not finite, which JSON cannot say.
std::string fixed(double x, int decimals);

/// What `text` makes of each, with commas between; without brackets.
template <class Xs, class Fn>
std::string joined(const Xs& xs, Fn text) {
  std::string out;
  for (auto& x : xs)
    out += (out.empty() ? "" : ",") + text(x);
  return out;
}

/// Copies a string into `doc`'s allocator.
value make_string(std::string_view text, document& doc);

} // namespace render::json
