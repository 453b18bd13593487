#include "app/web/doorkeeper.hpp"

#include <cmath>

namespace render::web {

namespace {

response too_many(double wait_s) {
  auto out = problem(429, "too many wrong keys came from this address");
  auto whole = std::to_string(static_cast<int64_t>(std::ceil(wait_s)));
  out.headers.emplace_back("Retry-After", whole);
  return out;
}

} // namespace

response unauthorized(std::string_view why) {
  auto out = problem(401, why);
  out.headers.emplace_back("WWW-Authenticate", "Bearer");
  return out;
}

doorkeeper::sender doorkeeper::sender_of(const request& x, double now_s) {
  if (how_.keys.empty())
    return {{"local", role::operate}, std::nullopt};
  if (auto key = presented_key(x); !key.empty()) {
    std::lock_guard guard{lock_};
    if (auto wait = guesses_.wait_s(x.peer, now_s); wait > 0)
      return {{}, too_many(wait)};
    if (auto who = how_.keys.find(key))
      return {*who, std::nullopt};
    guesses_.failed(x.peer, now_s);
    return {{}, unauthorized("this key is not known")};
  }
  if (auto token = cookie(x, session_cookie); !token.empty()) {
    std::lock_guard guard{lock_};
    if (auto who = sessions_.find(token, now_s))
      return {*who, std::nullopt};
  }
  return {{}, std::nullopt};
}

response doorkeeper::login(const request& x, std::string_view key,
                           std::string token, double now_s) {
  std::lock_guard guard{lock_};
  if (auto wait = guesses_.wait_s(x.peer, now_s); wait > 0)
    return too_many(wait);
  auto who = how_.keys.find(key);
  if (!who) {
    guesses_.failed(x.peer, now_s);
    return unauthorized("this key is not known");
  }
  auto out = answer(204, {});
  out.headers.emplace_back("Set-Cookie",
                           set_cookie(token, how_.path, how_.secure_cookie));
  sessions_.begin(std::move(token), std::move(*who), now_s);
  return out;
}

response doorkeeper::logout(const request& x) {
  std::lock_guard guard{lock_};
  sessions_.end(cookie(x, session_cookie));
  auto out = answer(204, {});
  out.headers.emplace_back("Set-Cookie", clear_cookie(how_.path));
  return out;
}

} // namespace render::web
