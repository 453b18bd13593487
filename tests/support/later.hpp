#pragma once
// Delayed answers of a fake: its timer, and the answers that wait for it.
#include "messages/failure_caf.hpp"
#include "messages/type_ids.hpp"

#include <caf/all.hpp>

#include <chrono>
#include <functional>
#include <map>

namespace render::harness {

using duration = std::chrono::milliseconds;

/// State of a fake. The fake's interface must take `timer_due` and pass it to
/// `due`.
class later {
public:
  template <class Self>
  void run(Self* self, duration delay, std::function<void()> what) {
    if (delay.count() == 0)
      return what();
    waiting_.emplace(++last_, std::move(what));
    self->delayed_send(self, delay, msg::timer_due{0, last_});
  }

  void due(const msg::timer_due& x) {
    if (auto node = waiting_.extract(x.generation))
      node.mapped()();
  }

  /// Answers the current request after `delay`. `make` is called then.
  template <class T, class Self>
  caf::result<T>
  answer(Self* self, duration delay, std::function<result<T>()> make) {
    if (delay.count() == 0)
      return to_caf(make());
    auto promise = self->template make_response_promise<T>();
    run(self, delay, [promise, make = std::move(make)]() mutable {
      auto got = make();
      if (got)
        promise.deliver(std::move(*got));
      else
        promise.deliver(to_error(got.error()));
    });
    return promise;
  }

private:
  uint64_t last_ = 0;
  std::map<uint64_t, std::function<void()>> waiting_;
};

} // namespace render::harness
