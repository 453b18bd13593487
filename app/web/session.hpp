#pragma once
// One connection of a client.
#include "app/web/events.hpp"
#include "app/web/pool.hpp"
#include "app/web/server.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace render::web {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

/// A connection, as those see it that have to make room.
class connection {
public:
  virtual ~connection() = default;
  /// Waits for the next request.
  virtual bool idle() const noexcept = 0;
  virtual void close() = 0;
};

/// What the connections share. Belongs to the loop's thread but for `watched`.
struct hall {
  explicit hall(gate& x) : checks(x) {
    // nop
  }

  gate& checks;
  server_options how;
  server::hooks to;
  /// The one that has been quiet for longest is first.
  std::list<connection*> open;
  event_hub hub;
  std::unique_ptr<pool> workers;

  std::mutex watched_lock;
  std::set<std::string> watched;

  void note_watched() {
    auto now = hub.watched();
    std::lock_guard guard{watched_lock};
    watched = std::move(now);
  }
};

/// It lives until the client goes or breaks a limit.
void start_session(hall& house, tcp::socket socket);

} // namespace render::web
