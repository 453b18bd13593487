#include "app/worker/listening.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace render {

namespace {

namespace asio = boost::asio;
namespace sys = boost::system;
using asio::ip::tcp;
using namespace std::chrono_literals;

constexpr auto accept_pause = 100ms;

/// Keeps child processes from inheriting the socket.
template <class Socket>
void keep_from_children(Socket& socket) {
  ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
}

} // namespace

std::vector<std::string> machine_names() {
  char name[256] = "";
  gethostname(name, sizeof(name) - 1);
  std::string full{name};
  if (full.empty())
    return {};
  return {full, full.substr(0, full.find('.'))};
}

listening_port::listening_port(asio::io_context& io)
  : io_(io), acceptor_(io), pause_(io) {
  // nop
}

result<void> listening_port::open(const std::string& host, int port,
                                  int more_ports) {
  tcp::resolver resolver{io_};
  sys::error_code err;
  auto found = resolver.resolve(host, "", tcp::resolver::passive, err);
  if (err || found.empty())
    return fail(failure_kind::unavailable, "unknown host");
  auto where = found.begin()->endpoint();
  for (auto& x : found)
    if (x.endpoint().address().is_v4()) {
      where = x.endpoint();
      break;
    }
  for (auto i = 0; i <= more_ports && port + i <= 65535; ++i) {
    where.port(static_cast<uint16_t>(port + i));
    acceptor_.open(where.protocol(), err);
    // Not SO_REUSEPORT: two programs must not share the port.
    acceptor_.set_option(tcp::acceptor::reuse_address(true), err);
    acceptor_.bind(where, err);
    if (!err)
      acceptor_.listen(asio::socket_base::max_listen_connections, err);
    if (!err) {
      keep_from_children(acceptor_);
      loopback_ = where.address().is_loopback();
      return {};
    }
    sys::error_code ignored;
    acceptor_.close(ignored);
    if (err != asio::error::address_in_use)
      break;
  }
  return fail(failure_kind::unavailable, err.message());
}

void listening_port::accept(std::function<void(socket)> take) {
  take_ = std::move(take);
  wait();
}

void listening_port::wait() {
  acceptor_.async_accept([this](sys::error_code err, tcp::socket socket) {
    if (err == asio::error::operation_aborted)
      return;
    if (err) {
      // Most likely no file descriptor is free.
      pause_.expires_after(accept_pause);
      pause_.async_wait([this](sys::error_code stopped) {
        if (!stopped)
          wait();
      });
      return;
    }
    keep_from_children(socket);
    take_(std::move(socket));
    wait();
  });
}

int listening_port::port() const noexcept {
  sys::error_code ignored;
  return acceptor_.local_endpoint(ignored).port();
}

} // namespace render
