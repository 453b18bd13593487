#pragma once
// A synchronous Redis connection for a person's tool.
#include "actors/io/redis/link/command.hpp"
#include "messages/failure.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace render::ctl {

/// With sentinels and TLS.
using redis_address = job_store::link_options;

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
  class link;
  struct closer {
    void operator()(link* x) const;
  };

  std::unique_ptr<link, closer> link_;
};

} // namespace render::ctl
