#pragma once
// Who may have a connection now: so many in all, so many to one host, and
// hosts in turn, so that many requests to one host hold nobody else up. Pure.
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace render {

class admission {
public:
  /// Both at least 1.
  admission(size_t open_max, size_t open_per_host_max)
    : open_max_(open_max), per_host_max_(open_per_host_max) {
    // nop
  }

  /// `id` waits for a place; it must not be known already.
  void ask(uint64_t id, const std::string& host);

  /// The next ones that have a place, until they leave.
  std::vector<uint64_t> admit();

  /// Gives the place, or the waiting, up. Unknown ids are ignored.
  void leave(uint64_t id);

  size_t open() const noexcept {
    return open_;
  }

private:
  struct host {
    size_t open = 0;
    std::deque<uint64_t> waiting;
  };

  struct entry {
    std::string host;
    bool open = false;
  };

  size_t open_max_;
  size_t per_host_max_;
  size_t open_ = 0;
  std::map<uint64_t, entry> entries_;
  std::map<std::string, host> hosts_;
  /// Hosts with somebody waiting, each once.
  std::deque<std::string> turns_;
};

} // namespace render
