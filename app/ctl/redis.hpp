#pragma once
// A synchronous Redis connection for a person's tool.
#include "messages/failure.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

struct redisContext;

namespace render::ctl {

struct redis_address {
  /// Beginning with a slash: the path of a Unix socket.
  std::string host = "localhost";
  uint16_t port = 6379;
  std::string username;
  /// A secret.
  std::string password;
  uint32_t db = 0;
  /// Set: these name the host and port of `master`.
  std::vector<std::pair<std::string, uint16_t>> sentinels;
  std::string master;
  /// A secret.
  std::string sentinel_password;
};

struct redis_value {
  bool nil = true;
  std::string text;
  int64_t integer = 0;
  std::vector<redis_value> elements;
};

class redis {
public:
  static result<redis> connect(const redis_address& where);

  /// An error reply of Redis is a failure too.
  result<redis_value> ask(const std::vector<std::string>& args);

  /// All fields of a hash; empty when it does not exist.
  result<std::map<std::string, std::string>> hash(const std::string& key);

  /// Some members of a sorted set with their scores, lowest first.
  result<std::vector<std::pair<std::string, double>>>
  scored(const std::string& key, uint32_t limit);

  /// Redis' clock, Unix seconds.
  result<double> time();

private:
  static result<redis> open(const redis_address& where);

  struct closer {
    void operator()(redisContext* x) const;
  };

  std::unique_ptr<redisContext, closer> connection_;
};

} // namespace render::ctl
