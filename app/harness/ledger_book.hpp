#pragma once
// The launch ledger in Redis and its history: which worker has an entry, and
// which GPU the entry names. A worker that was cut off from Redis may stop a
// GPU that another worker has adopted meanwhile. Only the history tells that
// from stopping a GPU that the worker never had.
#include "app/harness/memory_redis.hpp"
#include "app/harness/sim_cloud.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace render::harness {

class ledger_book {
public:
  void on_field(std::string_view key, std::string_view field,
                std::string_view now);
  void on_removed(std::string_view key);
  /// Redis has other data now; the history stays.
  void reload(const memory_redis& server);

  /// Names of the workers whose entries name this GPU now, once for each entry.
  /// Valid until the next write.
  std::vector<std::string_view> holders(const std::string& workload) const;

  /// Whether an entry of this GPU has the state `stopping`.
  bool is_stopping(const std::string& workload) const;

  /// Whether an entry was written before this launch.
  bool has_intent(const sim_gpu& gpu) const;

  /// Whether `worker` has launched this GPU, or has had the entry that the
  /// launcher wrote for it.
  bool ever_held(const sim_gpu& gpu, const std::string& worker) const;

private:
  struct entry {
    std::string owner;
    std::string workload;
    std::string type;
    std::string state;
    std::string expires;
  };

  void remember(const std::string& id, const entry& x);

  std::map<std::string, entry, std::less<>> entries_;
  /// Entries by the GPU that they name.
  std::map<std::string, std::set<std::string>> named_by_;
  /// The first owner of each entry, ended entries included.
  std::map<std::string, std::string> authors_;
  /// GPU, first owner of the entry, owner.
  std::set<std::tuple<std::string, std::string, std::string>> held_;
};

} // namespace render::harness
