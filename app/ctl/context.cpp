#include "app/ctl/context.hpp"

#include "app/node/redis_settings.hpp"
#include "messages/text/printable.hpp"

#include <cerrno>
#include <charconv>
#include <iostream>

namespace render::ctl {

result<context> make_context(const environment& env) {
  worker_config cfg;
  for (auto& x : settings()) {
    if (!x.name.starts_with("REDIS_"))
      continue;
    auto given = env.find(x.name);
    std::string_view text = given == env.end() || given->second.empty()
                              ? x.default_value
                              : std::string_view{given->second};
    if (auto ok = x.apply(cfg, text); !ok)
      return fail(ok.error().kind,
                  std::string{x.name} + " " + ok.error().message);
  }
  if (auto ok = check_redis(cfg); !ok)
    return fail(ok.error());
  context out;
  out.where = redis_options(cfg);
  out.where.connect_timeout = std::chrono::seconds{5};
  if (auto at = env.find("C3_FILES_URL"); at != env.end())
    out.files_url = at->second;
  return out;
}

result<void> parse_address(std::string_view text, std::string& host,
                           uint16_t& port, bool zero_allowed) {
  auto bad = fail(failure_kind::invalid_input,
                  "got \"" + std::string{text} + "\", accepted is HOST:PORT");
  std::string_view name = text;
  std::string_view digits;
  auto colon = text.rfind(':');
  auto bracket = text.rfind(']');
  if (colon != std::string_view::npos
      && (bracket == std::string_view::npos || bracket < colon)) {
    name = text.substr(0, colon);
    digits = text.substr(colon + 1);
    auto end = digits.data() + digits.size();
    auto [at, error] = std::from_chars(digits.data(), end, port);
    if (error != std::errc{} || at != end || (port == 0 && !zero_allowed))
      return bad;
  }
  if (name.starts_with('[') && name.ends_with(']'))
    name = name.substr(1, name.size() - 2);
  if (name.empty())
    return bad;
  host = name;
  return {};
}

int report(exit_code code, const std::string& message) {
  std::cerr << "c3ctl: " << printable_lines(message) << '\n';
  return code;
}

interrupts::interrupts() {
  sigemptyset(&held_);
  sigaddset(&held_, SIGINT);
  sigaddset(&held_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &held_, &before_);
}

interrupts::~interrupts() {
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool interrupts::wait(std::chrono::milliseconds limit) const {
  auto whole = std::chrono::duration_cast<std::chrono::seconds>(limit);
  timespec span{};
  span.tv_sec = whole.count();
  span.tv_nsec = std::chrono::nanoseconds{limit - whole}.count();
  // A stop and continue of the process (EINTR) only shortens this wait.
  return sigtimedwait(&held_, nullptr, &span) > 0;
}

bool interrupts::wait_until(const std::function<bool()>& condition) const {
  while (!condition())
    if (wait(std::chrono::milliseconds{200}))
      return false;
  return true;
}

} // namespace render::ctl
