#pragma once
// Which handler answers a request, and who may ask it. Pure.
#include "app/web/message.hpp"
#include "messages/failure.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace render::web {

struct route {
  /// What a POST may bring: JSON or nothing; multipart/form-data; anything, as
  /// the older producer API takes it. A body that is no form has 1 MiB at most.
  enum class body : uint8_t { json, files, any };

  std::string method;
  /// "/v1/jobs/{id}": a `{name}` stands for one whole segment.
  std::string pattern;
  /// The least that the key must allow.
  role least = role::view;
  handler answer;
  body takes = body::json;
};

/// The path and the query of a request's target.
struct target {
  /// Decoded; "/" has one empty segment.
  std::vector<std::string> segments;
  std::map<std::string, std::string> query;

  std::string path() const;
};

/// Fails as `invalid_input` for what is no origin-form target, for bad escapes
/// and for control characters. A segment never has a slash in it, also no
/// escaped one, and is never "." or "..".
result<target> parse_target(std::string_view text);

class router {
public:
  void add(std::vector<route> more);

  struct found {
    const route* to = nullptr;
    std::map<std::string, std::string> vars;
    /// Without `to`: the methods that this path has, "GET, POST"; empty: there
    /// is no such path.
    std::string allowed;
  };

  /// HEAD finds the route of GET. A pattern without names comes before one with
  /// names.
  found find(std::string_view method, const target& where) const;

private:
  std::vector<route> routes_;
};

} // namespace render::web
