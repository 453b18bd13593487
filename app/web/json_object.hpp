#pragma once
// Writes JSON objects member by member. Pure.
#include "messages/text/json.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <string>
#include <string_view>

namespace render::web {

/// Shortest text of a finite number; "null" for others.
inline std::string json_number(double x) {
  if (!std::isfinite(x))
    return "null";
  std::array<char, 32> text{};
  auto end = std::to_chars(text.data(), text.data() + text.size(), x).ptr;
  return {text.data(), end};
}

class json_object {
public:
  json_object& raw(std::string_view name, std::string_view json_text) {
    text_ += text_.empty() ? "" : ",";
    text_ += json::quote(name);
    text_ += ':';
    text_ += json_text;
    return *this;
  }

  json_object& add(std::string_view name, std::string_view value) {
    return raw(name, json::quote(value));
  }
  json_object& add(std::string_view name, const char* value) {
    return raw(name, json::quote(value));
  }
  json_object& add(std::string_view name, const std::string& value) {
    return raw(name, json::quote(value));
  }
  json_object& add(std::string_view name, std::same_as<bool> auto value) {
    return raw(name, value ? "true" : "false");
  }
  json_object& add(std::string_view name, std::same_as<double> auto value) {
    return raw(name, json_number(value));
  }
  template <std::integral T>
  requires(!std::same_as<T, bool>) json_object& add(std::string_view name,
                                                    T value) {
    return raw(name, std::to_string(value));
  }

  /// Leaves it out when it is empty.
  json_object& some(std::string_view name, std::string_view value) {
    return value.empty() ? *this : add(name, value);
  }
  /// Leaves it out when it is 0.
  json_object& some(std::string_view name, std::same_as<double> auto value) {
    return value == 0 ? *this : add(name, value);
  }

  std::string finish() const {
    return "{" + text_ + "}";
  }

private:
  std::string text_;
};

/// Elements of an array, each of them JSON already.
class json_array {
public:
  json_array& raw(std::string_view json_text) {
    text_ += text_.empty() ? "" : ",";
    text_ += json_text;
    return *this;
  }

  std::string finish() const {
    return "[" + text_ + "]";
  }

private:
  std::string text_;
};

} // namespace render::web
