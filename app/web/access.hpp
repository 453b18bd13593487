#pragma once
// Who may ask the HTTP service for what. Pure; times are seconds of a steady
// clock.
#include "app/web/message.hpp"
#include "messages/failure.hpp"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace render::web {

/// A line of the key file: NAME ROLE SHA256. The file holds no key, so whoever
/// reads it can use none. Keys are random and long, so one round of SHA-256 is
/// enough: there is nothing to guess.
struct access_key {
  std::string name;
  role may = role::view;
  /// Lower-case hex.
  std::string sha256;
};

/// Empty lines and lines with # are passed over. Fails as `invalid_input` with
/// the number of the line.
result<std::vector<access_key>> parse_keys(std::string_view text);

/// "c3_" and 43 characters, from 32 random bytes.
std::string make_key(std::string_view random_bytes);

/// The line for the key file.
std::string key_line(const access_key& x);

/// Finds keys by what a client presents.
class keyring {
public:
  keyring() = default;
  explicit keyring(std::vector<access_key> keys);

  /// Without keys nobody has to present one.
  bool empty() const noexcept {
    return by_hash_.empty();
  }

  std::optional<identity> find(std::string_view presented) const;

private:
  std::map<std::string, identity> by_hash_;
};

/// The key that a request presents: `Authorization: Bearer`, or
/// `X-C3-RENDER-KEY`; empty: none.
std::string presented_key(const request& x);

/// The value of a cookie; empty when absent.
std::string cookie(const request& x, std::string_view name);

inline constexpr std::string_view session_cookie = "c3_session";

/// Logins of browsers. They are lost with the process.
class sessions {
public:
  static constexpr double life_s = 12 * 3600;
  static constexpr size_t most = 1000;

  /// `token` is random. The oldest of too many ends.
  void begin(std::string token, identity who, double now_s);
  std::optional<identity> find(const std::string& token, double now_s) const;
  void end(const std::string& token);

private:
  struct entry {
    identity who;
    double until_s = 0;
  };
  std::map<std::string, entry> open_;
  /// The oldest first; some may have ended.
  std::deque<std::string> order_;
};

/// Slows down whoever guesses keys.
class guess_limit {
public:
  static constexpr uint32_t tries = 10;
  static constexpr double window_s = 60;
  static constexpr size_t peers_max = 10'000;

  /// Seconds until the next try; 0: now.
  double wait_s(const std::string& peer, double now_s) const;
  void failed(const std::string& peer, double now_s);

private:
  struct count {
    uint32_t failures = 0;
    double since_s = 0;
  };
  std::map<std::string, count> of_;
};

/// Whether a page of another origin has made a browser send this request. What
/// is no browser sends neither header.
bool is_cross_site(const request& x);

/// HttpOnly and SameSite=Strict; `path` is the base path, or "/".
std::string set_cookie(std::string_view token, std::string_view path,
                       bool secure);
std::string clear_cookie(std::string_view path);

} // namespace render::web
