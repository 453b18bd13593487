#include "app/local_cloud/event_socket.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

#include <deque>
#include <utility>

namespace render::local_cloud {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
namespace sys = boost::system;
using tcp = asio::ip::tcp;

/// Messages that wait for a client; a prompt has some hundred.
constexpr size_t most_waiting = 10'000;

http::request<http::empty_body> request_of(const httplib::Request& in) {
  http::request<http::empty_body> out{http::verb::get, in.path, 11};
  for (auto& [name, value] : in.headers)
    out.insert(name, value);
  return out;
}

} // namespace

bool is_socket_request(const httplib::Request& in) {
  return in.method == "GET" && websocket::is_upgrade(request_of(in));
}

struct event_socket::implementation {
  explicit implementation(const httplib::Request& in)
    : request(request_of(in)), stream(io) {
    auto v6 = in.remote_addr.find(':') != std::string::npos;
    sys::error_code ignored;
    stream.next_layer().assign(v6 ? tcp::v6() : tcp::v4(),
                               duplicate_connection(in), ignored);
  }

  void run(std::function<void(std::string_view)> on_text,
           std::function<void()> on_end) {
    text = std::move(on_text);
    ended = std::move(on_end);
    // A client that has vanished must not occupy the thread.
    stream.set_option(
      websocket::stream_base::timeout::suggested(beast::role_type::server));
    // The published server's library accepts compression whenever it is
    // offered.
    websocket::permessage_deflate deflate;
    deflate.server_enable = true;
    stream.set_option(deflate);
    stream.control_callback([this](websocket::frame_type type, auto) {
      if (type == websocket::frame_type::close)
        leave();
    });
    stream.async_accept(request, [this](sys::error_code err) {
      if (err)
        return end();
      open = true;
      read();
      write();
    });
    io.run();
    end();
  }

  void read() {
    stream.async_read(buffer, [this](sys::error_code err, size_t) {
      if (err)
        return end();
      if (stream.got_text())
        text(beast::buffers_to_string(buffer.data()));
      buffer.consume(buffer.size());
      read();
    });
  }

  void queue(std::string message) {
    if (waiting.size() >= most_waiting)
      return end();
    waiting.push_back(std::move(message));
    if (open && waiting.size() == 1)
      write();
  }

  void write() {
    if (waiting.empty())
      return;
    stream.async_write(asio::buffer(waiting.front()),
                       [this](sys::error_code err, size_t) {
                         if (err)
                           return end();
                         waiting.pop_front();
                         write();
                       });
  }

  // The HTTP server keeps another descriptor of the connection, so closing this
  // one alone would not end the connection.
  void end() {
    leave();
    sys::error_code ignored;
    stream.next_layer().shutdown(tcp::socket::shutdown_both, ignored);
    io.stop();
  }

  void leave() {
    if (auto told = std::exchange(ended, nullptr))
      told();
  }

  asio::io_context io{1};
  http::request<http::empty_body> request;
  websocket::stream<tcp::socket> stream;
  beast::flat_buffer buffer;
  /// The first message is being written.
  std::deque<std::string> waiting;
  std::function<void(std::string_view)> text;
  std::function<void()> ended;
  bool open = false;
};

event_socket::event_socket(const httplib::Request& in)
  : impl_(std::make_unique<implementation>(in)) {
  // nop
}

event_socket::~event_socket() = default;

void event_socket::run(std::function<void(std::string_view)> on_text,
                       std::function<void()> on_end) {
  impl_->run(std::move(on_text), std::move(on_end));
}

void event_socket::send(std::string text) {
  asio::post(impl_->io, [impl = impl_.get(), text = std::move(text)]() mutable {
    impl->queue(std::move(text));
  });
}

void event_socket::cut() {
  asio::post(impl_->io, [impl = impl_.get()] {
    impl->end();
  });
}

} // namespace render::local_cloud
