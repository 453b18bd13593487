#pragma once
// Tells streams of events what changes. One thread follows `c3:events` and the
// records of the jobs that somebody watches; the hub belongs to the loop.
#include "app/records/redis.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace render::web {

/// One event as a client gets it.
struct told {
  /// Of the entry in `c3:events`; empty: it has none, and a client that comes
  /// back is told it anew.
  std::string id;
  /// "change", "state", "progress", "end", "reset".
  std::string name;
  /// JSON on one line.
  std::string data;
  /// The job that it is about; empty: none.
  std::string job;
};

/// As text/event-stream has it.
std::string event_text(const told& x);

/// Compares ids of a Redis stream: "ms-n".
bool comes_after(std::string_view id, std::string_view other);

/// Is it an id of a Redis stream?
bool is_event_id(std::string_view x);

/// What came after this event; `job`: only what is about it, empty: all. Begins
/// with a `reset` when some of it is not kept any more.
result<std::vector<told>> missed_events(records::redis& db,
                                        const std::string& last_id,
                                        const std::string& job);

/// What one client has yet to be sent.
class subscription {
public:
  /// A client that is slower loses what it has not read, and is told so.
  static constexpr size_t bytes_max = 256u << 10;

  explicit subscription(std::string job) : job_(std::move(job)) {
    // nop
  }

  /// Empty: all of the fleet.
  const std::string& job() const noexcept {
    return job_;
  }

  void push(const told& x);

  /// All that waits, which is the client's then.
  std::vector<told> take();

  bool empty() const noexcept {
    return waiting_.empty();
  }

  /// Nothing comes after what waits.
  bool ended() const noexcept {
    return ended_;
  }

  /// Called when there is something to take.
  std::function<void()> wake;

private:
  std::string job_;
  std::vector<told> waiting_;
  size_t bytes_ = 0;
  bool ended_ = false;
};

/// Not thread-safe.
class event_hub {
public:
  static constexpr size_t streams_max = 1'100;

  /// nullptr: there are too many streams.
  std::shared_ptr<subscription> join(std::string job);

  void publish(const std::vector<told>& xs);

  /// The jobs that somebody watches.
  std::set<std::string> watched();

  size_t size();

private:
  void forget();

  std::vector<std::weak_ptr<subscription>> all_;
};

class event_tail {
public:
  struct state {
    std::string json;
    bool found = false;
    bool ended = false;
  };

  struct hooks {
    /// The jobs whose records are looked at. All are called from the tail's
    /// thread.
    std::function<std::set<std::string>()> watched;
    /// In the order of the jobs: when one changes, the job is looked at.
    std::function<result<std::vector<std::string>>(
      records::redis&, const std::vector<std::string>&)>
      gists;
    std::function<result<state>(records::redis&, const std::string& id)> look;
    std::function<void(std::vector<told>)> publish;
  };

  event_tail(records::redis_address where, hooks to);
  event_tail(const event_tail&) = delete;
  event_tail& operator=(const event_tail&) = delete;
  /// Takes up to two seconds.
  ~event_tail();

private:
  void run();
  bool follow(records::redis& db);
  result<void> read_entries(records::redis& db);
  result<void> look_at_jobs(records::redis& db);
  bool stopping();

  records::redis_address where_;
  hooks to_;
  std::string last_;
  std::map<std::string, std::string> gists_;
  std::mutex lock_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace render::web
