#include "actors/io/websocket/websocket_loop.hpp"

#include "actors/io/websocket/socket_address.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include <algorithm>
#include <concepts>
#include <exception>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace render {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using tcp = asio::ip::tcp;
using boost::system::error_code;

class connection {
public:
  virtual ~connection() = default;
  virtual void start() = 0;
  /// No callback is called after this.
  virtual void drop() = 0;
  virtual void taken(size_t bytes) = 0;

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

/// Lets the answer of a look-up back in. A look-up may outlive the loop.
class gate {
public:
  explicit gate(asio::io_context& io) : io_(&io) {
    // nop
  }

  template <class Task>
  void post(Task task) {
    std::lock_guard guard{mutex_};
    if (io_)
      asio::post(*io_, std::move(task));
  }

  void close() {
    std::lock_guard guard{mutex_};
    io_ = nullptr;
  }

private:
  std::mutex mutex_;
  asio::io_context* io_;
};

/// What all connections of a loop share.
struct common {
  asio::io_context& io;
  std::shared_ptr<gate> back;
  name_resolver& names;
  std::chrono::milliseconds quiet_max;
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
  connection_over(const common& shared, socket_address where,
                  http_request request, websocket_loop::on_text text, ended end,
                  Context&... context)
    : connection(request.group), shared_(shared), where_(std::move(where)),
      request_(std::move(request)), text_(std::move(text)),
      end_(std::move(end)), look_up_end_(shared.io),
      stream_(shared.io, context...) {
    // nop
  }

  void start() override {
    if (auto literal = parse_ip(where_.host))
      return connect({*literal});
    look_up_end_.expires_after(request_.connect_timeout);
    look_up_end_.async_wait(
      [weak = this->weak_from_this()](const error_code& err) {
        if (auto self = weak.lock(); self && !err)
          self->fail_with("name look-up: takes too long");
      });
    shared_.names.look_up(
      where_.host, [back = shared_.back,
                    weak = this->weak_from_this()](name_resolver::found found) {
        back->post([weak, found = std::move(found)]() mutable {
          if (auto self = weak.lock())
            self->found(std::move(found));
        });
      });
  }

  void taken(size_t bytes) override {
    untaken_ -= std::min<size_t>(untaken_, 1);
    untaken_bytes_ -= std::min(untaken_bytes_, bytes);
    if (end_ && paused_)
      read();
  }

  void drop() override {
    end_ = nullptr;
    text_ = nullptr;
    look_up_end_.cancel();
    beast::get_lowest_layer(stream_).close();
  }

private:
  /// A handler that keeps this connection alive, ends it on an error, and goes
  /// on with `next` otherwise.
  template <class Next>
  auto guarded(const char* what, Next next) {
    return [ self = this->shared_from_this(), what, next ](
      error_code err,
      const auto&... xs) mutable requires(std::invocable<Next&,
                                                         decltype(xs)...>) {
      if (!self->end_)
        return;
      if (err)
        return self->fail_with(std::string{what} + ": " + err.message());
      self->carefully([&] {
        next(xs...);
      });
    };
  }

  /// An exception in a handler ends its connection and nothing else.
  template <class Step>
  void carefully(Step step) {
    try {
      step();
    } catch (const std::exception& x) {
      fail_with(x.what());
    }
  }

  void fail_with(const std::string& why) {
    if (end_)
      finish(fail(failure_kind::unavailable, name() + ": " + why));
  }

  void found(name_resolver::found found) {
    look_up_end_.cancel();
    if (!end_)
      return;
    if (!found)
      return fail_with("name look-up: " + found.error().message);
    carefully([&] {
      connect(*found);
    });
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

  void connect(const std::vector<ip_address>& found) {
    for (auto& x : found)
      endpoints_.emplace_back(asio::ip::make_address(to_string(x)),
                              where_.port);
    auto& lowest = beast::get_lowest_layer(stream_);
    lowest.expires_after(request_.connect_timeout);
    lowest.async_connect(endpoints_,
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
    // From here on the WebSocket stream has its own time limits and pings.
    beast::get_lowest_layer(stream_).expires_never();
    auto limits
      = websocket::stream_base::timeout::suggested(beast::role_type::client);
    limits.idle_timeout = shared_.quiet_max;
    limits.keep_alive_pings = true;
    stream_.set_option(limits);
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
    paused_ = untaken_ >= websocket_loop::untaken_max
              || untaken_bytes_ >= websocket_loop::untaken_bytes_max;
    if (paused_)
      return;
    stream_.async_read(
      buffer_, [self = this->shared_from_this()](error_code err, size_t) {
        self->carefully([&] {
          self->arrived(err);
        });
      });
  }

  void arrived(error_code err) {
    if (!end_)
      return;
    if (err == websocket::error::closed)
      return finish(http_response{101, {}, {}, 0, request_.url, {}});
    if (err)
      return fail_with(err.message());
    if (stream_.got_text()) {
      ++untaken_;
      untaken_bytes_ += buffer_.size();
      text_(beast::buffers_to_string(buffer_.data()));
    }
    buffer_.consume(buffer_.size());
    read();
  }

  common shared_;
  socket_address where_;
  http_request request_;
  websocket_loop::on_text text_;
  ended end_;
  asio::steady_timer look_up_end_;
  std::vector<tcp::endpoint> endpoints_;
  Stream stream_;
  beast::flat_buffer buffer_;
  size_t untaken_ = 0;
  size_t untaken_bytes_ = 0;
  bool paused_ = false;
};

} // namespace

bool is_websocket_url(std::string_view url) {
  return url.starts_with("ws://") || url.starts_with("wss://");
}

struct websocket_loop::implementation {
  implementation(on_done callback, const std::string& ca_path,
                 std::chrono::milliseconds quiet_max,
                 std::unique_ptr<name_resolver> resolver)
    : done(std::move(callback)), names(std::move(resolver)) {
    if (!names)
      names = std::make_unique<threaded_resolver>();
    shared.emplace(common{io, back, *names, quiet_max});
    trust(ca_path);
    thread = std::thread{[this] {
      run();
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
    back->close();
  }

  void trust(const std::string& ca_path) {
    error_code ignored;
    std::error_code no_folder;
    if (ca_path.empty())
      tls.set_default_verify_paths(ignored);
    else if (std::filesystem::is_directory(ca_path, no_folder))
      tls.add_verify_path(ca_path, ignored);
    else
      tls.load_verify_file(ca_path, ignored);
  }

  // Connections catch their own exceptions; this catches those of the loop
  // itself.
  void run() {
    while (true) {
      try {
        io.run();
        return;
      } catch (const std::exception&) {
        continue;
      }
    }
  }

  void taken(uint64_t id, size_t bytes) {
    if (auto found = connections.find(id); found != connections.end())
      found->second->taken(bytes);
  }

  void start(uint64_t id, http_request request, on_text text) {
    auto where = read_socket_address(request.url);
    if (!is_websocket_url(request.url) || where.host.empty() || where.port == 0)
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
        *shared, std::move(where), std::move(request), std::move(text), end,
        tls);
    else
      made = std::make_shared<connection_over<plain_stream>>(
        *shared, std::move(where), std::move(request), std::move(text), end);
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
  std::shared_ptr<gate> back = std::make_shared<gate>(io);
  std::unique_ptr<name_resolver> names;
  std::optional<common> shared;
  asio::executor_work_guard<asio::io_context::executor_type> work{
    io.get_executor()};
  /// Used by the loop's thread only.
  std::map<uint64_t, std::shared_ptr<connection>> connections;
  std::thread thread;
};

websocket_loop::websocket_loop(on_done done, const std::string& ca_path,
                               std::chrono::milliseconds quiet_max,
                               std::unique_ptr<name_resolver> names)
  : impl_(std::make_unique<implementation>(std::move(done), ca_path, quiet_max,
                                           std::move(names))) {
  // nop
}

websocket_loop::~websocket_loop() = default;

void websocket_loop::listen(uint64_t id, http_request request, on_text text) {
  asio::post(impl_->io, [impl = impl_.get(), id, request = std::move(request),
                         text = std::move(text)]() mutable {
    impl->start(id, std::move(request), std::move(text));
  });
}

void websocket_loop::taken(uint64_t id, size_t bytes) {
  asio::post(impl_->io, [impl = impl_.get(), id, bytes] {
    impl->taken(id, bytes);
  });
}

void websocket_loop::cancel(std::string group) {
  asio::post(impl_->io, [impl = impl_.get(), group = std::move(group)] {
    impl->cancel_group(group);
  });
}

} // namespace render
