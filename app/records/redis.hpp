#pragma once
// A synchronous Redis connection, for c3ctl and for the HTTP service.
#include "actors/io/redis/link/command.hpp"
#include "messages/failure.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace render::records {

/// With sentinels and TLS.
using redis_address = job_store::link_options;

struct redis_value {
  bool nil = true;
  std::string text;
  int64_t integer = 0;
  std::vector<redis_value> elements;
};

/// Bytes that Redis' answers may have. What is longer fails; of hashes that
/// are, the fields above 1 MiB are left out instead.
struct answer_bounds {
  size_t one = SIZE_MAX;
  /// All of those to one call.
  size_t together = SIZE_MAX;
};

/// For who answers others: a record is what others have written.
inline constexpr answer_bounds service_bounds{size_t{16} << 20,
                                              size_t{64} << 20};

/// Connects anew by itself, with the next command after the connection is
/// lost. For one thread at a time.
class redis {
public:
  static result<redis> connect(const redis_address& where,
                               answer_bounds most = {});

  /// Connects with its first command, which fails where that fails.
  static redis later(const redis_address& where, answer_bounds most = {});

  /// An error reply of Redis is a failure too.
  result<redis_value> ask(const std::vector<std::string>& args);

  /// All of them at once, and their answers in the same order. Failures are of
  /// single commands; of a lost connection all that were not answered fail as
  /// `unavailable` or `outcome_unknown`.
  std::vector<result<redis_value>>
  ask_all(const std::vector<std::vector<std::string>>& commands);

  /// All fields of a hash; empty when it does not exist.
  result<std::map<std::string, std::string>> hash(const std::string& key);

  /// Some members of a sorted set with their scores, lowest first.
  result<std::vector<std::pair<std::string, double>>>
  scored(const std::string& key, uint32_t limit);

  /// Some of the fields of each hash. A key that is missing, or is no hash, has
  /// none.
  result<std::vector<std::map<std::string, std::string>>>
  hashes(const std::vector<std::string>& keys,
         const std::vector<std::string>& fields);

  /// All fields of each hash; the same holds of missing ones.
  result<std::vector<std::map<std::string, std::string>>>
  whole_hashes(const std::vector<std::string>& keys);

  /// Redis' clock, Unix seconds.
  result<double> time();

private:
  class link;
  using names = std::vector<std::string>;

  // They ask for the length of each field first.
  result<std::vector<std::map<std::string, std::string>>>
  whole_but_long(const names& keys);
  result<std::vector<std::map<std::string, std::string>>>
  short_fields(const names& keys, const std::vector<names>& fields);

  struct closer {
    void operator()(link* x) const;
  };

  std::unique_ptr<link, closer> link_;
};

/// Is it that Redis could not be asked, or not for sure?
bool is_away(const failure& x);

/// This machine's clock.
double unix_now();

} // namespace render::records
