#pragma once
// Decides which request may have a connection now. Connections are limited in
// all and for each host, and hosts take turns, so that many requests to one
// host hold up no other host. Pure.
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

  /// The next ids that get a place. Each keeps it until it leaves.
  std::vector<uint64_t> admit();

  /// Gives up the place of `id`, or its place in line. Unknown ids are ignored.
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
  /// Hosts with waiting ids, each once.
  std::deque<std::string> turns_;
};

} // namespace render
