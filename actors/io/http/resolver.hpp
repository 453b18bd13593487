#pragma once
// Name look-ups apart from the loop that needs them: a look-up that never
// answers costs a thread of a bounded pool and nothing else.
#include "actors/io/http/networks.hpp"
#include "messages/failure.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace render {

class name_resolver {
public:
  /// Fails as `unfit` for what this machine lacks: a thread, a file handle,
  /// memory; else as `unavailable`.
  using found = result<std::vector<ip_address>>;

  virtual ~name_resolver() = default;

  /// `done` is called at most once, on any thread, possibly before `look_up`
  /// returns. The caller must have a time limit of its own.
  virtual void look_up(const std::string& host, std::function<void(found)> done)
    = 0;
};

/// getaddrinfo on threads that are made as they are needed. The destructor does
/// not wait for a thread that hangs.
class threaded_resolver : public name_resolver {
public:
  using asking = std::function<found(const std::string& host)>;

  /// At most `threads_max` look-ups at a time and `waiting_max` behind them;
  /// further ones fail at once.
  explicit threaded_resolver(size_t threads_max = 16, size_t waiting_max = 1024,
                             asking ask = system_look_up);
  threaded_resolver(const threaded_resolver&) = delete;
  threaded_resolver& operator=(const threaded_resolver&) = delete;
  ~threaded_resolver() override;

  void look_up(const std::string& host,
               std::function<void(found)> done) override;

  /// getaddrinfo.
  static found system_look_up(const std::string& host);

private:
  struct shared;
  bool has_thread_for_next();
  static void work(const std::shared_ptr<shared>& x);

  std::shared_ptr<shared> shared_;
};

} // namespace render
