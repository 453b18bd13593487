#pragma once
// Whether a TCP port answers, without waiting for it. CAF's own connect blocks
// the thread that all connects share for as long as the system tries, minutes
// where packets vanish; so CAF is asked only to connect to what has just
// answered.
#include "actors/io/peers/address.hpp"

namespace render::peers {

class probe {
public:
  enum class state : uint8_t { under_way, open, failed };

  /// `to.host` must be an IP address.
  static result<probe> begin(const address& to);

  probe(probe&& other) noexcept;
  probe& operator=(probe&& other) noexcept;
  /// Closes the connection.
  ~probe();

  /// Returns at once. Why it has failed: `why()`.
  state look();

  const std::string& why() const noexcept {
    return why_;
  }

private:
  explicit probe(int fd) : fd_(fd) {
    // nop
  }

  int fd_ = -1;
  std::string why_;
};

} // namespace render::peers
