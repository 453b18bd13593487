#include "actors/io/peers/probe.hpp"

#include "actors/io/http/networks.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace render::peers {

namespace {

socklen_t to_sockaddr(const ip_address& ip, uint16_t port,
                      sockaddr_storage& out) {
  std::memset(&out, 0, sizeof(out));
  if (!ip.v6) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(out);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, ip.bytes.data(), 4);
    return sizeof(v4);
  }
  auto& v6 = reinterpret_cast<sockaddr_in6&>(out);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  std::memcpy(&v6.sin6_addr, ip.bytes.data(), 16);
  return sizeof(v6);
}

std::string error_text(int code) {
  return std::strerror(code);
}

} // namespace

result<probe> probe::begin(const address& to) {
  auto ip = parse_ip(to.host);
  if (!ip)
    return fail(failure_kind::invalid_input, to.host + " is no IP address");
  sockaddr_storage where{};
  auto length = to_sockaddr(*ip, to.port, where);
  auto fd = ::socket(where.ss_family,
                     SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return fail(kind_of_errno(errno), error_text(errno));
  probe out{fd};
  if (::connect(fd, reinterpret_cast<sockaddr*>(&where), length) != 0
      && errno != EINPROGRESS)
    return fail(failure_kind::unavailable, error_text(errno));
  return out;
}

probe::probe(probe&& other) noexcept
  : fd_(std::exchange(other.fd_, -1)), why_(std::move(other.why_)) {
  // nop
}

probe& probe::operator=(probe&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(why_, other.why_);
  return *this;
}

probe::~probe() {
  if (fd_ >= 0)
    ::close(fd_);
}

probe::state probe::look() {
  pollfd x{fd_, POLLOUT, 0};
  if (::poll(&x, 1, 0) <= 0)
    return state::under_way;
  int code = 0;
  socklen_t length = sizeof(code);
  if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &code, &length) != 0)
    code = errno;
  if (code == 0)
    return state::open;
  why_ = error_text(code);
  return state::failed;
}

} // namespace render::peers
