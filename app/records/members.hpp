#pragma once
// The members of a sorted set, each with the hash that it names.
#include "app/records/record.hpp"
#include "app/records/redis.hpp"

#include <functional>
#include <string>
#include <vector>

namespace render::records {

struct member {
  std::string id;
  double score = 0;
  /// Empty: there is no such hash.
  record fields;
};

struct members {
  /// Lowest score first.
  std::vector<member> all;
  /// By Redis' clock, Unix seconds, between the set and the hashes.
  double now_s = 0;
};

/// At most `limit` of them. `key_of` names a member's hash; of that these
/// fields, or all when none is named.
result<members>
read_members(redis& db, const std::string& set, uint32_t limit,
             const std::function<std::string(const std::string&)>& key_of,
             const std::vector<std::string>& fields = {});

/// Heartbeats of workers, see docs/records.md.
result<members> read_heartbeats(redis& db,
                                const std::vector<std::string>& fields = {});

} // namespace render::records
