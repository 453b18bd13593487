#pragma once
// What is asked of Redis, and where it is. Plain values.
#include "actors/io/redis/scripts/script.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace render::job_store {

struct endpoint {
  /// Beginning with a slash: the path of a Unix socket, and no port.
  std::string host;
  uint16_t port = 0;
};

struct tls_options {
  bool on = false;
  /// PEM files. Empty: the machine's authorities, and no client certificate.
  std::string ca_file;
  std::string cert_file;
  std::string key_file;
  /// What certificates must be for; empty: the host that is connected to.
  std::string server_name;
};

struct link_options {
  /// See `endpoint`. Not looked at when there are sentinels.
  std::string host = "localhost";
  uint16_t port = 6379;
  /// Empty: no AUTH. Both are secrets.
  std::string username;
  std::string password;
  uint32_t db = 0;
  /// Sentinels that know where the master is; asked again at each connect.
  std::vector<endpoint> sentinels;
  /// The name under which they know it.
  std::string sentinel_master;
  /// Of the sentinels themselves; empty: no AUTH. A secret.
  std::string sentinel_password;
  /// Of the server and of its sentinels. Not used on a Unix socket.
  tls_options tls;
  /// Until name look-up, TCP connect, TLS, AUTH, SELECT and PING are all done;
  /// as long again for asking a sentinel.
  milliseconds connect_timeout{2'000};
  milliseconds backoff_min{50};
  milliseconds backoff_max{5'000};
};

struct command {
  uint64_t id = 0;
  std::vector<std::string> args;
  /// Set for EVALSHA; sent again as EVAL when Redis does not know it.
  const script* lua = nullptr;
  /// A reply that takes longer ends the connection.
  milliseconds timeout{5'000};
  /// Of the first argument behind those that `join` wants the same; 0: it is
  /// joined with nothing. See `script_call`.
  size_t item_at = 0;
};

/// Makes one command of two whose beginnings are the same; false, and nothing
/// has changed, when they are not.
bool join(command& into, command& x);

/// EVALSHA.
command make_command(script_call x);

/// EVAL, for what must not be overtaken: a script that Redis does not know is
/// sent again, and then runs after what was sent behind it.
command make_ordered_command(script_call x);

} // namespace render::job_store
