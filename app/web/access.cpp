#include "app/web/access.hpp"

#include "messages/text/base64.hpp"
#include "messages/text/digest.hpp"
#include "messages/text/hex.hpp"
#include "messages/text/lower.hpp"

#include <algorithm>

namespace render::web {

namespace {

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> out;
  while (!line.empty()) {
    auto end = line.find_first_of(" \t\r");
    if (end != 0)
      out.emplace_back(line.substr(0, end));
    if (end == std::string_view::npos)
      break;
    line.remove_prefix(end + 1);
  }
  return out;
}

bool is_key_name(std::string_view x) {
  return !x.empty() && x.size() <= 64
         && std::all_of(x.begin(), x.end(), [](unsigned char c) {
              return std::isalnum(c) || c == '-' || c == '_' || c == '.';
            });
}

std::optional<role> role_from(std::string_view x) {
  for (auto y : {role::view, role::submit, role::operate})
    if (x == to_string(y))
      return y;
  return std::nullopt;
}

std::string hash_of(std::string_view key) {
  return to_hex(sha256(key));
}

/// "https://host:port" to "host:port"; empty when it is none.
std::string_view authority_of(std::string_view origin) {
  auto at = origin.find("://");
  return at == std::string_view::npos ? std::string_view{}
                                      : origin.substr(at + 3);
}

} // namespace

result<std::vector<access_key>> parse_keys(std::string_view text) {
  std::vector<access_key> out;
  for (size_t number = 1; !text.empty(); ++number) {
    auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    auto words = words_of(line.substr(0, line.find('#')));
    if (words.empty())
      continue;
    auto may = words.size() == 3 ? role_from(words[1]) : std::nullopt;
    if (!may || !is_key_name(words[0]) || !is_sha256_hex(words[2]))
      return fail(failure_kind::invalid_input,
                  "line " + std::to_string(number)
                    + " must be NAME ROLE SHA256, with the role view, submit "
                      "or operate");
    for (auto& x : out)
      if (x.name == words[0] || x.sha256 == words[2])
        return fail(failure_kind::invalid_input,
                    "line " + std::to_string(number)
                      + " has a name or a key that an earlier line has too");
    out.push_back({words[0], *may, words[2]});
  }
  return out;
}

std::string make_key(std::string_view random_bytes) {
  auto out = "c3_" + to_base64(random_bytes);
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  out.erase(std::find(out.begin(), out.end(), '='), out.end());
  return out;
}

std::string key_line(const access_key& x) {
  return x.name + " " + std::string{to_string(x.may)} + " " + x.sha256;
}

keyring::keyring(std::vector<access_key> keys) {
  for (auto& x : keys)
    by_hash_[x.sha256] = {x.name, x.may};
}

std::optional<identity> keyring::find(std::string_view presented) const {
  if (presented.empty())
    return std::nullopt;
  auto at = by_hash_.find(hash_of(presented));
  if (at == by_hash_.end())
    return std::nullopt;
  return at->second;
}

std::string presented_key(const request& x) {
  constexpr std::string_view scheme = "bearer ";
  auto& bearer = x.header("authorization");
  if (lower(std::string_view{bearer}.substr(0, scheme.size())) == scheme) {
    auto begin = bearer.find_first_not_of(' ', scheme.size());
    return begin == std::string::npos ? "" : bearer.substr(begin);
  }
  return x.header("x-c3-render-key");
}

std::string cookie(const request& x, std::string_view name) {
  std::string_view all = x.header("cookie");
  while (!all.empty()) {
    auto end = all.find(';');
    auto one = all.substr(0, end);
    while (one.starts_with(' '))
      one.remove_prefix(1);
    if (one.size() > name.size() && one.starts_with(name)
        && one[name.size()] == '=')
      return std::string{one.substr(name.size() + 1)};
    if (end == std::string_view::npos)
      break;
    all.remove_prefix(end + 1);
  }
  return {};
}

void sessions::begin(std::string token, identity who, double now_s) {
  while (open_.size() >= most && !order_.empty()) {
    open_.erase(order_.front());
    order_.pop_front();
  }
  order_.push_back(token);
  open_[std::move(token)] = {std::move(who), now_s + life_s};
}

std::optional<identity> sessions::find(const std::string& token,
                                       double now_s) const {
  auto at = open_.find(token);
  if (at == open_.end() || at->second.until_s <= now_s)
    return std::nullopt;
  return at->second.who;
}

void sessions::end(const std::string& token) {
  open_.erase(token);
  order_.erase(std::remove(order_.begin(), order_.end(), token), order_.end());
}

double guess_limit::wait_s(const std::string& peer, double now_s) const {
  auto at = of_.find(peer);
  if (at == of_.end() || at->second.failures < tries)
    return 0;
  return std::max(0.0, at->second.since_s + window_s - now_s);
}

void guess_limit::failed(const std::string& peer, double now_s) {
  if (of_.size() >= peers_max)
    std::erase_if(of_, [now_s](auto& x) {
      return x.second.since_s + window_s <= now_s;
    });
  // A crowd of peers: all of them start anew rather than the memory grows.
  if (of_.size() >= peers_max)
    of_.clear();
  auto& x = of_[peer];
  if (x.failures == 0 || x.since_s + window_s <= now_s)
    x = {0, now_s};
  ++x.failures;
}

bool is_cross_site(const request& x) {
  auto& site = x.header("sec-fetch-site");
  if (!site.empty())
    return site != "same-origin" && site != "none";
  auto& origin = x.header("origin");
  auto authority = authority_of(origin);
  // "null" is the origin of a page that hides its own.
  return !origin.empty()
         && (authority.empty() || authority != x.header("host"));
}

std::string set_cookie(std::string_view token, std::string_view path,
                       bool secure) {
  return std::string{session_cookie} + "=" + std::string{token}
         + "; Path=" + std::string{path}
         + "; Max-Age=" + std::to_string(static_cast<int>(sessions::life_s))
         + "; HttpOnly; SameSite=Strict" + (secure ? "; Secure" : "");
}

std::string clear_cookie(std::string_view path) {
  return std::string{session_cookie} + "=; Path=" + std::string{path}
         + "; Max-Age=0; HttpOnly; SameSite=Strict";
}

} // namespace render::web
