// WebSockets of servers that flood, fall silent or have no address.
#include "actors/io/websocket/websocket_loop.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <future>
#include <thread>

using namespace render;
using namespace std::chrono_literals;

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;
using server_stream = beast::websocket::stream<tcp::socket>;

/// Serves one client.
class server {
public:
  explicit server(std::function<void(server_stream&)> talk)
    : acceptor_(io_, {asio::ip::address_v4::loopback(), 0}),
      thread_([this, talk] {
        boost::system::error_code err;
        server_stream stream{acceptor_.accept()};
        stream.accept(err);
        if (!err)
          talk(stream);
      }) {
    // nop
  }

  ~server() {
    thread_.join();
  }

  std::string url() const {
    return "ws://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port())
           + "/ws";
  }

private:
  asio::io_context io_;
  tcp::acceptor acceptor_;
  std::thread thread_;
};

class silent_names : public name_resolver {
public:
  void look_up(const std::string&, std::function<void(found)>) override {
    // Never answers.
  }
};

http_request to(const std::string& url) {
  http_request out;
  out.url = url;
  out.group = "job/";
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(a_websocket)

BOOST_AUTO_TEST_CASE(is_read_no_faster_than_its_listener_takes) {
  std::promise<result<http_response>> ended;
  std::promise<void> full;
  std::atomic<size_t> told{0};
  server flood{[](server_stream& stream) {
    boost::system::error_code err;
    std::string text(64u << 10, 'x');
    while (!err)
      stream.write(asio::buffer(text), err);
  }};
  constexpr auto most = websocket_loop::untaken_bytes_max / (size_t{64} << 10)
                        + 100;
  websocket_loop loop{[&](uint64_t, result<http_response> how) {
    ended.set_value(std::move(how));
  }};
  loop.listen(1, to(flood.url()), [&](std::string_view text) {
    // The listener takes the first hundred messages and is busy after that.
    if (++told <= 100)
      loop.taken(1, text.size());
    if (told == most)
      full.set_value();
  });
  full.get_future().wait();
  // The server goes on writing until its connection ends.
  loop.cancel("job/");
  auto how = ended.get_future().get();
  BOOST_TEST((how.error().kind == failure_kind::aborted));
  BOOST_TEST(told == most);
}

BOOST_AUTO_TEST_CASE(ends_when_its_server_answers_no_ping) {
  std::promise<result<http_response>> ended;
  std::promise<void> done;
  server silent{[&](server_stream&) {
    done.get_future().wait();
  }};
  websocket_loop loop{[&](uint64_t, result<http_response> how) {
                        ended.set_value(std::move(how));
                      },
                      "", 400ms};
  loop.listen(1, to(silent.url()), [](std::string_view) {});
  auto end = ended.get_future();
  auto in_time = end.wait_for(20s) == std::future_status::ready;
  done.set_value();
  BOOST_REQUIRE(in_time);
  BOOST_TEST((end.get().error().kind == failure_kind::unavailable));
}

BOOST_AUTO_TEST_CASE(ends_when_its_name_is_never_resolved) {
  std::promise<result<http_response>> ended;
  websocket_loop loop{[&](uint64_t, result<http_response> how) {
                        ended.set_value(std::move(how));
                      },
                      "", 60s, std::make_unique<silent_names>()};
  auto request = to("ws://node.example/ws");
  request.connect_timeout = 100ms;
  loop.listen(1, request, [](std::string_view) {});
  auto end = ended.get_future();
  BOOST_REQUIRE(end.wait_for(20s) == std::future_status::ready);
  BOOST_TEST(end.get().error().message.find("look-up") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
