#include "app/worker/ask_http.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace render {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace sys = boost::system;
using tcp = asio::ip::tcp;

std::string failure_text(const sys::error_code& err) {
  return err == beast::error::timeout ? "no answer in time" : err.message();
}

} // namespace

result<http_answer> ask_http(const host_port& where, const std::string& path,
                             std::chrono::milliseconds limit) {
  asio::io_context io{1};
  beast::tcp_stream stream{io};
  beast::flat_buffer buffer;
  http::request<http::empty_body> request{http::verb::get, path, 11};
  request.set(http::field::host, where.host.find(':') == std::string::npos
                                   ? where.host
                                   : "[" + where.host + "]");
  request.set(http::field::connection, "close");
  http::response_parser<http::string_body> answer;
  answer.body_limit(1 << 20);
  sys::error_code err;
  tcp::resolver resolver{io};
  auto found = resolver.resolve(where.host, std::to_string(where.port), err);
  if (err)
    return fail(failure_kind::unavailable, err.message());
  auto done = [&](sys::error_code x, size_t) {
    err = x;
  };
  stream.expires_after(limit);
  stream.async_connect(found, [&](sys::error_code x, const tcp::endpoint&) {
    err = x;
    if (!err)
      http::async_write(stream, request, [&](sys::error_code y, size_t) {
        err = y;
        if (!err)
          http::async_read(stream, buffer, answer, done);
      });
  });
  io.run();
  if (err)
    return fail(failure_kind::unavailable, failure_text(err));
  return http_answer{answer.get().result_int(), {}, answer.get().body()};
}

} // namespace render
