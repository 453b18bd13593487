#pragma once
// Shared by all commands of c3ctl.
#include "app/node/config.hpp"
#include "app/records/record.hpp"
#include "app/records/redis.hpp"

#include <chrono>
#include <csignal>
#include <functional>
#include <string>
#include <string_view>

namespace render::ctl {

/// Exit codes of c3ctl.
enum exit_code : int {
  done = 0,
  /// The job failed, or a server could not be reached.
  failed = 1,
  /// Wrong options, or a job that the worker would refuse.
  usage = 2,
  /// Ended with Ctrl-C before the answer was known, as shells count it.
  interrupted = 130,
};

using records::key_prefix;
using records::redis;
using records::redis_address;
using records::redis_value;
using records::unix_now;

struct context {
  redis_address where;
  /// Base URL of a server that takes uploads of local input files; empty: none.
  std::string files_url;
  bool json = false;
};

/// Reads `REDIS_*` and `C3_FILES_URL` from the worker's environment.
result<context> make_context(const environment& env);

/// Reads HOST:PORT, [IPv6]:PORT or HOST; a mere HOST leaves `port` as it is.
result<void> parse_address(std::string_view text, std::string& host,
                           uint16_t& port, bool zero_allowed = false);

/// Prints "c3ctl: message" to standard error; returns `code`.
int report(exit_code code, const std::string& message);

/// Keeps SIGINT and SIGTERM for `wait` while it lives, also from threads that
/// are started later.
class interrupts {
public:
  interrupts();
  interrupts(const interrupts&) = delete;
  interrupts& operator=(const interrupts&) = delete;
  ~interrupts();

  /// True as soon as one of the signals comes; false when `limit` passes.
  bool wait(std::chrono::milliseconds limit) const;

  /// Asks `condition` again every 200 ms; false when a signal came first.
  bool wait_until(const std::function<bool()>& condition) const;

private:
  sigset_t held_{};
  sigset_t before_{};
};

/// Runs a command that needs Redis.
template <class F>
int with_redis(const context& ctx, F run) {
  auto db = redis::connect(ctx.where);
  return db ? run(*db) : report(failed, db.error().message);
}

} // namespace render::ctl
