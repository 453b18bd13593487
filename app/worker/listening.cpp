#include "app/worker/listening.hpp"

namespace render {

result<bool> listen_on(boost::asio::io_context& io,
                       boost::asio::ip::tcp::acceptor& acceptor,
                       const std::string& host, int port, int more_ports) {
  namespace asio = boost::asio;
  using asio::ip::tcp;
  tcp::resolver resolver{io};
  boost::system::error_code err;
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
    acceptor.open(where.protocol(), err);
    // Not SO_REUSEPORT: two programs must not share the port.
    acceptor.set_option(tcp::acceptor::reuse_address(true), err);
    acceptor.bind(where, err);
    if (!err)
      acceptor.listen(asio::socket_base::max_listen_connections, err);
    if (!err) {
      keep_from_children(acceptor);
      return where.address().is_loopback();
    }
    boost::system::error_code ignored;
    acceptor.close(ignored);
    if (err != asio::error::address_in_use)
      break;
  }
  return fail(failure_kind::unavailable, err.message());
}

} // namespace render
