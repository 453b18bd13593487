#include "actors/io/websocket/websocket_loop.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include <concepts>
#include <map>
#include <thread>
#include <utility>

namespace render {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using tcp = asio::ip::tcp;
using boost::system::error_code;

struct address {
  bool secure = false;
  std::string host;
  std::string port;
  /// As the Host header says it.
  std::string authority;
  std::string target;
};

address split(std::string_view url) {
  address out;
  out.secure = url.starts_with("wss://");
  url.remove_prefix(out.secure ? 6 : 5);
  auto path = std::min(url.size(), url.find_first_of("/?"));
  out.target = url.substr(path);
  if (!out.target.starts_with('/'))
    out.target.insert(0, "/");
  out.authority = url.substr(0, path);
  auto host = std::string_view{out.authority};
  out.port = out.secure ? "443" : "80";
  auto colon = host.rfind(':');
  auto bracket = host.rfind(']');
  if (colon != std::string_view::npos
      && (bracket == std::string_view::npos || bracket < colon)) {
    out.port = host.substr(colon + 1);
    host = host.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  out.host = host;
  return out;
}

class connection {
public:
  virtual ~connection() = default;
  virtual void start() = 0;
  /// Nothing is told any more after it.
  virtual void drop() = 0;

  const std::string& group() const noexcept {
    return group_;
  }

protected:
  explicit connection(std::string group) : group_(std::move(group)) {
    // nop
  }
  connection(const connection&) = default;
  connection& operator=(const connection&) = default;

private:
  std::string group_;
};

using plain_stream = websocket::stream<beast::tcp_stream>;
using secure_stream = websocket::stream<beast::ssl_stream<beast::tcp_stream>>;

template <class Stream>
class connection_over
  : public connection,
    public std::enable_shared_from_this<connection_over<Stream>> {
public:
  static constexpr bool secure = std::is_same_v<Stream, secure_stream>;
  using ended = std::function<void(result<http_response>)>;

  template <class... Context>
  connection_over(asio::io_context& io, address where, http_request request,
                  websocket_loop::on_text text, ended end, Context&... context)
    : connection(request.group), where_(std::move(where)),
      request_(std::move(request)), text_(std::move(text)),
      end_(std::move(end)), resolver_(io), stream_(io, context...) {
    // nop
  }

  void start() override {
    resolver_.async_resolve(
      where_.host, where_.port,
      guarded("name look-up", [this](const tcp::resolver::results_type& found) {
        connect(found);
      }));
  }

  void drop() override {
    end_ = nullptr;
    text_ = nullptr;
    resolver_.cancel();
    beast::get_lowest_layer(stream_).close();
  }

private:
  /// A handler that keeps this alive, ends it on an error, and goes on with
  /// `next` otherwise.
  template <class Next>
  auto guarded(const char* what, Next next) {
    return [ self = this->shared_from_this(), what, next ](
      error_code err,
      const auto&... xs) mutable requires(std::invocable<Next&,
                                                         decltype(xs)...>) {
      if (!self->end_)
        return;
      if (err)
        return self->finish(
          fail(failure_kind::unavailable,
               self->name() + ": " + what + ": " + err.message()));
      next(xs...);
    };
  }

  std::string name() const {
    return "WebSocket " + where_.authority;
  }

  void finish(result<http_response> how) {
    auto end = std::exchange(end_, nullptr);
    text_ = nullptr;
    beast::get_lowest_layer(stream_).close();
    end(std::move(how));
  }

  void connect(const tcp::resolver::results_type& found) {
    auto& lowest = beast::get_lowest_layer(stream_);
    lowest.expires_after(request_.connect_timeout);
    lowest.async_connect(found,
                         guarded("connect", [this](const tcp::endpoint&) {
                           if constexpr (secure)
                             secure_it();
                           else
                             open();
                         }));
  }

  void secure_it() {
    if constexpr (secure) {
      auto& tls = stream_.next_layer();
      tls.set_verify_mode(asio::ssl::verify_peer);
      tls.set_verify_callback(asio::ssl::host_name_verification(where_.host));
      SSL_set_tlsext_host_name(tls.native_handle(), where_.host.c_str());
      tls.async_handshake(asio::ssl::stream_base::client,
                          guarded("TLS", [this] {
                            open();
                          }));
    }
  }

  void open() {
    // From here on the stream has limits, and pings, of its own.
    beast::get_lowest_layer(stream_).expires_never();
    stream_.set_option(
      websocket::stream_base::timeout::suggested(beast::role_type::client));
    stream_.read_message_max(request_.max_body_bytes);
    stream_.set_option(websocket::stream_base::decorator(
      [headers = request_.headers](websocket::request_type& x) {
        for (auto& header : headers)
          x.set(header.name, header.value);
      }));
    stream_.async_handshake(where_.authority, where_.target,
                            guarded("upgrade", [this] {
                              read();
                            }));
  }

  void read() {
    stream_.async_read(
      buffer_, [self = this->shared_from_this()](error_code err, size_t) {
        self->arrived(err);
      });
  }

  void arrived(error_code err) {
    if (!end_)
      return;
    if (err == websocket::error::closed)
      return finish(http_response{101, {}, {}, 0, request_.url, {}});
    if (err)
      return finish(
        fail(failure_kind::unavailable, name() + ": " + err.message()));
    if (stream_.got_text())
      text_(beast::buffers_to_string(buffer_.data()));
    buffer_.consume(buffer_.size());
    read();
  }

  address where_;
  http_request request_;
  websocket_loop::on_text text_;
  ended end_;
  tcp::resolver resolver_;
  Stream stream_;
  beast::flat_buffer buffer_;
};

} // namespace

bool is_websocket_url(std::string_view url) {
  return url.starts_with("ws://") || url.starts_with("wss://");
}

struct websocket_loop::implementation {
  explicit implementation(on_done callback) : done(std::move(callback)) {
    tls.set_default_verify_paths();
    thread = std::thread{[this] {
      io.run();
    }};
  }

  implementation(const implementation&) = delete;
  implementation& operator=(const implementation&) = delete;

  ~implementation() {
    asio::post(io, [this] {
      for (auto& [id, x] : connections)
        x->drop();
      connections.clear();
      work.reset();
      io.stop();
    });
    thread.join();
  }

  void start(uint64_t id, http_request request, on_text text) {
    auto where = split(request.url);
    if (!is_websocket_url(request.url) || where.host.empty())
      return done(id, fail(failure_kind::invalid_input,
                           "no WebSocket URL: "
                             + excerpt(redacted_url(request.url), 80)));
    auto end = [this, id](result<http_response> how) {
      connections.erase(id);
      done(id, std::move(how));
    };
    std::shared_ptr<connection> made;
    if (where.secure)
      made = std::make_shared<connection_over<secure_stream>>(
        io, std::move(where), std::move(request), std::move(text), end, tls);
    else
      made = std::make_shared<connection_over<plain_stream>>(
        io, std::move(where), std::move(request), std::move(text), end);
    connections.emplace(id, made);
    made->start();
  }

  void cancel_group(const std::string& group) {
    for (auto at = connections.begin(); at != connections.end();) {
      if (!at->second->group().starts_with(group)) {
        ++at;
        continue;
      }
      at->second->drop();
      done(at->first,
           fail(failure_kind::aborted, "the connection was cancelled"));
      at = connections.erase(at);
    }
  }

  on_done done;
  asio::ssl::context tls{asio::ssl::context::tls_client};
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{
    io.get_executor()};
  /// Of the loop's thread alone.
  std::map<uint64_t, std::shared_ptr<connection>> connections;
  std::thread thread;
};

websocket_loop::websocket_loop(on_done done)
  : impl_(std::make_unique<implementation>(std::move(done))) {
  // nop
}

websocket_loop::~websocket_loop() = default;

void websocket_loop::listen(uint64_t id, http_request request, on_text text) {
  asio::post(impl_->io, [impl = impl_.get(), id, request = std::move(request),
                         text = std::move(text)]() mutable {
    impl->start(id, std::move(request), std::move(text));
  });
}

void websocket_loop::cancel(std::string group) {
  asio::post(impl_->io, [impl = impl_.get(), group = std::move(group)] {
    impl->cancel_group(group);
  });
}

} // namespace render
