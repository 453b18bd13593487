#pragma once
// What the launch ledger in Redis says, and what it has said before: who holds
// which entry, and which machine an entry names. A worker may be cut off from
// Redis and stop a machine that another one has taken over meanwhile; only
// somebody who remembers can tell that from stopping what was never its own.
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
  /// Redis holds other data now; what was is remembered.
  void reload(const memory_redis& server);

  /// Whose entries name this machine now, by name: once for each entry, and
  /// valid until the next write.
  std::vector<std::string_view> holders(const std::string& workload) const;

  /// Its holder has decided to give it up.
  bool is_stopping(const std::string& workload) const;

  /// An entry was written before this launch was asked for.
  bool has_intent(const sim_gpu& gpu) const;

  /// `worker` has launched this machine, or has held the entry that its
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
  /// Entries by the machine that they name.
  std::map<std::string, std::set<std::string>> named_by_;
  /// The first owner of each entry, whether it still stands or not.
  std::map<std::string, std::string> authors_;
  /// Machine, author of the entry, holder.
  std::set<std::tuple<std::string, std::string, std::string>> held_;
};

} // namespace render::harness
