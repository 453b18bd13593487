#pragma once
// What is asked of Redis, and where it is. Plain values.
#include "actors/io/job_store/scripts.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace render::job_store {

using milliseconds = std::chrono::milliseconds;

struct link_options {
  std::string host = "localhost";
  uint16_t port = 6379;
  /// Empty: no AUTH. Both are secrets.
  std::string username;
  std::string password;
  uint32_t db = 0;
  /// Until TCP connect, AUTH, SELECT and PING are all done.
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
};

/// EVALSHA of `lua`.
command make_command(const script& lua, const std::vector<std::string>& keys,
                     std::vector<std::string> argv);

} // namespace render::job_store
