#pragma once
// A listening TCP port, for the status server and for the HTTP service.
#include "messages/failure.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <string>
#include <vector>

namespace render {

/// The name of this machine, and its part before the first dot.
std::vector<std::string> machine_names();

/// Belongs to the thread of its loop once it accepts.
class listening_port {
public:
  using socket = boost::asio::ip::tcp::socket;

  explicit listening_port(boost::asio::io_context& io);

  /// Opens the port, or the first free one of so many after it when it is in
  /// use; port 0: any. A failure is `unavailable` and names no setting.
  result<void> open(const std::string& host, int port, int more_ports);

  /// Gives each connection to `take`, from then on. Child processes do not
  /// inherit the sockets. Call once.
  void accept(std::function<void(socket)> take);

  /// 0: it is not open.
  int port() const noexcept;

  /// Is it reached from this machine alone?
  bool on_loopback() const noexcept {
    return loopback_;
  }

private:
  void wait();

  boost::asio::io_context& io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::function<void(socket)> take_;
  bool loopback_ = false;
};

} // namespace render
