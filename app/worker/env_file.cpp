#include "app/worker/config.hpp"

#include <cctype>

namespace render {

namespace {

std::string_view trim(std::string_view x) {
  while (!x.empty() && std::isspace(static_cast<unsigned char>(x.front())))
    x.remove_prefix(1);
  while (!x.empty() && std::isspace(static_cast<unsigned char>(x.back())))
    x.remove_suffix(1);
  return x;
}

bool is_name(std::string_view x) {
  if (x.empty() || std::isdigit(static_cast<unsigned char>(x.front())))
    return false;
  for (char c : x)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_')
      return false;
  return true;
}

// A quoted value keeps everything up to its closing quote; an unquoted one
// ends at a comment that has a space before it.
std::string value_of(std::string_view x) {
  if (!x.empty() && (x.front() == '"' || x.front() == '\'')) {
    auto close = x.find(x.front(), 1);
    if (close != std::string_view::npos)
      return std::string{x.substr(1, close - 1)};
  }
  if (x.starts_with('#'))
    return {};
  return std::string{trim(x.substr(0, x.find(" #")))};
}

} // namespace

result<environment> parse_env_file(std::string_view text) {
  environment out;
  size_t number = 0;
  while (!text.empty()) {
    auto end = text.find('\n');
    auto line = trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    if (line.empty() || line.front() == '#')
      continue;
    if (line.starts_with("export "))
      line = trim(line.substr(7));
    auto equals = line.find('=');
    if (equals == std::string_view::npos
        || !is_name(trim(line.substr(0, equals))))
      return fail(failure_kind::invalid_input,
                  "line " + std::to_string(number)
                    + ": accepted is NAME=value, or a comment");
    out[std::string{trim(line.substr(0, equals))}]
      = value_of(trim(line.substr(equals + 1)));
  }
  return out;
}

} // namespace render
