#include "app/web/router.hpp"

#include "messages/text/percent.hpp"

#include <algorithm>
#include <set>

namespace render::web {

namespace {

/// nullopt for a bad escape or a control character.
std::optional<std::string> decoded(std::string_view text, bool plus_is_space) {
  std::string plain{text};
  if (plus_is_space)
    std::replace(plain.begin(), plain.end(), '+', ' ');
  auto out = percent_decoded(plain);
  auto is_control = [](unsigned char c) {
    return c < 0x20 || c == 0x7f;
  };
  if (!out || std::any_of(out->begin(), out->end(), is_control))
    return std::nullopt;
  return out;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> out;
  for (;;) {
    auto end = text.find(at);
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos)
      return out;
    text.remove_prefix(end + 1);
  }
}

bool is_name(std::string_view x) {
  return x.size() > 2 && x.front() == '{' && x.back() == '}';
}

/// How many of its segments are names; nullopt: it does not fit.
std::optional<size_t> fit(std::string_view pattern, const target& where,
                          std::map<std::string, std::string>& vars) {
  auto parts = split(pattern.substr(1), '/');
  if (parts.size() != where.segments.size())
    return std::nullopt;
  size_t names = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    auto& got = where.segments[i];
    if (is_name(parts[i])) {
      if (got.empty())
        return std::nullopt;
      vars[std::string{parts[i].substr(1, parts[i].size() - 2)}] = got;
      ++names;
    } else if (parts[i] != got) {
      return std::nullopt;
    }
  }
  return names;
}

failure bad_target(std::string what) {
  return {failure_kind::invalid_input, std::move(what)};
}

} // namespace

std::string target::path() const {
  std::string out;
  for (auto& x : segments)
    out += "/" + x;
  return out;
}

result<target> parse_target(std::string_view text) {
  if (text.empty() || text.front() != '/')
    return fail(bad_target("the target of a request begins with a slash"));
  text = text.substr(0, text.find('#'));
  auto question = text.find('?');
  target out;
  for (auto part : split(text.substr(1, question - 1), '/')) {
    auto plain = decoded(part, false);
    if (!plain || plain->find('/') != std::string::npos || *plain == "."
        || *plain == "..")
      return fail(bad_target("the path has an escape that is not taken"));
    out.segments.push_back(std::move(*plain));
  }
  if (question == std::string_view::npos)
    return out;
  for (auto part : split(text.substr(question + 1), '&')) {
    auto equals = part.find('=');
    auto name = decoded(part.substr(0, equals), true);
    auto value = decoded(equals == std::string_view::npos
                           ? std::string_view{}
                           : part.substr(equals + 1),
                         true);
    if (!name || !value)
      return fail(bad_target("the query has an escape that is not taken"));
    if (!name->empty())
      out.query[*name] = std::move(*value);
  }
  return out;
}

void router::add(std::vector<route> more) {
  for (auto& x : more)
    routes_.push_back(std::move(x));
}

router::found router::find(std::string_view method, const target& where) const {
  auto wanted = method == "HEAD" ? std::string_view{"GET"} : method;
  found out;
  auto best = std::string::npos;
  std::set<std::string> allowed;
  for (auto& x : routes_) {
    std::map<std::string, std::string> vars;
    auto names = fit(x.pattern, where, vars);
    if (!names)
      continue;
    allowed.insert(x.method);
    if (x.method == "GET")
      allowed.insert("HEAD");
    if (x.method == wanted && *names < best) {
      best = *names;
      out.to = &x;
      out.vars = std::move(vars);
    }
  }
  if (!out.to)
    for (auto& x : allowed)
      out.allowed += (out.allowed.empty() ? "" : ", ") + x;
  return out;
}

} // namespace render::web
