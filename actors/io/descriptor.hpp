#pragma once
// Whatever the kernel has opened for us.
#include <unistd.h>

#include <utility>

namespace render {

/// Owns an open file, folder, pipe or the like: the destructor closes it.
class descriptor {
public:
  /// Negative: none.
  explicit descriptor(int fd = -1) : fd_(fd) {
    // nop
  }
  descriptor(descriptor&& x) noexcept : fd_(std::exchange(x.fd_, -1)) {
    // nop
  }
  descriptor& operator=(descriptor&& x) noexcept {
    std::swap(fd_, x.fd_);
    return *this;
  }
  ~descriptor() {
    close();
  }

  int get() const noexcept {
    return fd_;
  }
  explicit operator bool() const noexcept {
    return fd_ >= 0;
  }
  void close() noexcept {
    if (auto fd = std::exchange(fd_, -1); fd >= 0)
      ::close(fd);
  }

private:
  int fd_;
};

} // namespace render
