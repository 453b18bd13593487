#include "actors/io/peers/own_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace render::peers {

namespace {

template <class Address>
bool choose(int fd, Address far, Address& own) {
  socklen_t length = sizeof(own);
  return ::connect(fd, reinterpret_cast<sockaddr*>(&far), sizeof(far)) == 0
         && ::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &length) == 0;
}

} // namespace

result<std::string> own_address(bool v6) {
  // A datagram socket chooses its address when it is connected, and sends
  // nothing. Nobody has these two addresses (RFC 5737, RFC 3849).
  constexpr auto far_v4 = "192.0.2.1";
  constexpr auto far_v6 = "2001:db8::1";
  constexpr uint16_t any_port = 9;
  char text[INET6_ADDRSTRLEN] = "";
  auto fd = ::socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (v6) {
    sockaddr_in6 far{}, own{};
    far.sin6_family = AF_INET6;
    far.sin6_port = htons(any_port);
    ::inet_pton(AF_INET6, far_v6, &far.sin6_addr);
    if (choose(fd, far, own))
      ::inet_ntop(AF_INET6, &own.sin6_addr, text, sizeof(text));
  } else {
    sockaddr_in far{}, own{};
    far.sin_family = AF_INET;
    far.sin_port = htons(any_port);
    ::inet_pton(AF_INET, far_v4, &far.sin_addr);
    if (choose(fd, far, own))
      ::inet_ntop(AF_INET, &own.sin_addr, text, sizeof(text));
  }
  if (fd >= 0)
    ::close(fd);
  if (*text == '\0')
    return fail(failure_kind::invalid_input,
                "this machine has no default route that tells which of its "
                "addresses others reach it by");
  return std::string{text};
}

} // namespace render::peers
