#pragma once
// Writes JSON answers: small builders over the quoting of
// messages/text/json.hpp.
#include "messages/text/json.hpp"

#include <spdlog/fmt/fmt.h>

#include <string>
#include <string_view>
#include <type_traits>

namespace render::local_cloud {

template <class T>
std::string json_text(const T& x) {
  if constexpr (std::is_same_v<T, bool>)
    return x ? "true" : "false";
  else if constexpr (std::is_arithmetic_v<T>)
    return fmt::format("{}", x);
  else
    return json::quote(std::string_view{x});
}

/// Members in the order in which they were added. `raw` takes JSON text.
class json_object {
public:
  template <class T>
  json_object& add(std::string_view name, const T& x) {
    return raw(name, json_text(x));
  }
  json_object& raw(std::string_view name, std::string_view text) {
    if (!members_.empty())
      members_ += ',';
    members_ += json::quote(name);
    members_ += ':';
    members_ += text;
    return *this;
  }
  std::string str() const {
    return '{' + members_ + '}';
  }

private:
  std::string members_;
};

class json_array {
public:
  template <class T>
  json_array& add(const T& x) {
    return raw(json_text(x));
  }
  json_array& raw(std::string_view text) {
    if (!items_.empty())
      items_ += ',';
    items_ += text;
    return *this;
  }
  bool empty() const {
    return items_.empty();
  }
  std::string str() const {
    return '[' + items_ + ']';
  }

private:
  std::string items_;
};

} // namespace render::local_cloud
