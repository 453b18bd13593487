#pragma once
// Knows the keys, the browsers that have shown one, and who guesses. From any
// thread; times are seconds of a steady clock.
#include "app/web/access.hpp"

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace render::web {

class doorkeeper {
public:
  struct settings {
    keyring keys;
    /// Of the cookie: the base path, or "/".
    std::string path = "/";
    /// The browsers' way to us is encrypted.
    bool secure_cookie = false;
  };

  explicit doorkeeper(settings how) : how_(std::move(how)) {
    // nop
  }

  struct sender {
    /// `nobody` when there is neither a key nor a login.
    identity who;
    /// Set when it may not even try.
    std::optional<response> refused;
  };

  /// Without keys everybody is "local" and may do everything.
  sender sender_of(const request& x, double now_s);

  /// Exchanges a key for a cookie; `token` is random. 401, and 429 for whoever
  /// guesses.
  response login(const request& x, std::string_view key, std::string token,
                 double now_s);
  response logout(const request& x);

private:
  settings how_;
  std::mutex lock_;
  sessions sessions_;
  guess_limit guesses_;
};

/// 401.
response unauthorized(std::string_view why);

} // namespace render::web
