#pragma once
// When what others hold may be taken over. While Redis was away, or refused to
// write (full, read-only), nobody could renew a lease: all have run out, those
// of the living too. They get the time of one lease to renew them. Pure.
#include <chrono>
#include <optional>

namespace render::job_store {

class takeover_grace {
public:
  using time_point = std::chrono::steady_clock::time_point;

  void on_up(time_point now) {
    since_ = now;
  }

  void on_down() {
    since_.reset();
  }

  void on_refusal(time_point now) {
    refused_ = true;
    if (since_)
      since_ = now;
  }

  /// Redis has answered for the time of a lease, and refused nothing.
  bool is_over(time_point now, std::chrono::milliseconds lease) const {
    return since_ && now - *since_ >= lease;
  }

  /// Whether a refusal is what is waited for: only who writes now and then sees
  /// how long they last.
  bool needs_writes(time_point now, std::chrono::milliseconds lease) const {
    return refused_ && since_ && !is_over(now, lease);
  }

private:
  /// The end of the last outage.
  std::optional<time_point> since_;
  bool refused_ = false;
};

} // namespace render::job_store
