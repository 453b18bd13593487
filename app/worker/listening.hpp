#pragma once
// A listening TCP port, for the status server and for the HTTP service.
#include "messages/failure.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <fcntl.h>

#include <string>

namespace render {

/// Keeps child processes from inheriting the socket.
template <class Socket>
void keep_from_children(Socket& socket) {
  ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
}

/// Opens the port, or the first free one of so many after it when it is in use;
/// port 0: any. Tells whether it is reached from this machine alone. A failure
/// is `unavailable` and names no setting.
result<bool> listen_on(boost::asio::io_context& io,
                       boost::asio::ip::tcp::acceptor& acceptor,
                       const std::string& host, int port, int more_ports);

} // namespace render
