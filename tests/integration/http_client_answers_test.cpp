// Answers of servers that flood, trickle, or pack their bodies.
#include "tests/integration/http_client_world.hpp"
#include "tests/support/temp_folder.hpp"

#include <fstream>
#include <sstream>

using namespace render;
using namespace render::http_client_world;

BOOST_AUTO_TEST_SUITE(an_answer)

BOOST_AUTO_TEST_CASE(with_endless_headers_or_trailers_is_cut) {
  std::atomic<uint64_t> said{0};
  auto flood = [&](std::string begin) {
    return [&said, begin = std::move(begin)](const std::string&,
                                             const raw_server::speaker& say) {
      auto goes_on = say(begin);
      for (uint64_t i = 0; goes_on && said < (64u << 20); ++i) {
        auto line = "x-" + std::to_string(i) + ": " + std::string(900, 'x')
                    + "\r\n";
        goes_on = say(line);
        said += line.size();
      }
    };
  };
  auto chunked = std::string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"
                             "\r\n\r\n1\r\nx\r\n0\r\n"};
  client web;
  for (auto& begin : {chunked, std::string{"HTTP/1.1 200 OK\r\n"}}) {
    said = 0;
    raw_server server{flood(begin)};
    BOOST_TEST(!web.ask(get(server.url())).has_value());
    BOOST_TEST(said < (32u << 20));
  }
}

// Whatever a launch brought about, it has been sent.
BOOST_AUTO_TEST_CASE(that_cannot_be_read_leaves_open_what_the_request_did) {
  auto flood = "HTTP/1.1 200 OK\r\nX-A: " + std::string(90'000, 'x')
               + "\r\nX-B: " + std::string(90'000, 'x') + "\r\n\r\n";
  auto cfg = http_config{};
  cfg.max_header_bytes = 100'000;
  client web{cfg};
  for (auto& said :
       {ok(std::string(5'000, 'x')), flood, std::string{"SSH-2.0-x\r\n"},
        std::string{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"}}) {
    raw_server server{always(said)};
    auto launch = get(server.url());
    launch.method = "POST";
    launch.body = "{}";
    launch.max_body_bytes = 1'000;
    launch.once = true;
    auto got = web.ask(launch);
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().kind == failure_kind::outcome_unknown),
               got.error().message);
  }
}

BOOST_AUTO_TEST_CASE(has_no_headers_from_behind_its_body) {
  raw_server server{
    always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: 1\r\n\r\n1"
           "\r\nx\r\n0\r\nX-A: 2\r\nX-B: 2\r\n\r\n")};
  client web;
  auto got = web.ask(get(server.url()));
  BOOST_REQUIRE(got);
  BOOST_TEST(got->headers.at("x-a") == "1");
  BOOST_TEST(!got->headers.contains("x-b"));
}

BOOST_AUTO_TEST_CASE(to_a_webhook_counts_whatever_its_length) {
  raw_server server{always(ok(std::string(100'000, 'x')))};
  client web{allowing("127.0.0.1")};
  auto got = web.ask(webhook(server.url()));
  BOOST_REQUIRE(got);
  BOOST_TEST(got->status == 200);
  BOOST_TEST(got->body.size() == 64u << 10);
}

BOOST_AUTO_TEST_CASE(that_is_packed_is_unpacked_within_its_limit) {
  harness::temp_folder folder;
  auto file = folder.path("input");
  auto input = [&](const raw_server& server, uint64_t most) {
    auto out = strangers(server.url());
    out.output_file = file;
    out.max_body_bytes = most;
    out.unpack = true;
    return out;
  };
  client web{allowing("127.0.0.1")};
  raw_server server{always(ok(packed(), "Content-Encoding: gzip\r\n"))};
  auto got = web.ask(input(server, 18));
  BOOST_REQUIRE(got);
  BOOST_TEST(got->body_bytes == 18u);
  std::stringstream text;
  text << std::ifstream{file}.rdbuf();
  BOOST_TEST(text.str() == "hello hello hello ");
  got = web.ask(input(server, 17));
  BOOST_REQUIRE(!got);
  BOOST_TEST((got.error().kind == failure_kind::rejected));
  BOOST_TEST(!std::filesystem::exists(file));
  // Other encodings could grow without limit, and so could nested ones.
  for (auto* coding :
       {"br", "zstd", "gzip, gzip", "gzip\r\nContent-Encoding: gzip"}) {
    raw_server odd{always(
      ok(packed(), std::string{"Content-Encoding: "} + coding + "\r\n"))};
    BOOST_TEST(!web.ask(input(odd, 1000)).has_value(), coding);
  }
}

BOOST_AUTO_TEST_CASE(that_trickles_is_given_up) {
  std::promise<void> gone;
  auto trickle = [&](const std::string&, const raw_server::speaker& say) {
    say("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    while (say("x"))
      std::this_thread::sleep_for(50ms);
    gone.set_value();
  };
  raw_server server{trickle};
  client web{allowing("127.0.0.1")};
  auto request = strangers(server.url());
  request.total_timeout = 30s;
  request.stall_timeout = 1s;
  request.stall_speed = 1024;
  auto got = web.ask(request);
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().message.ends_with("the answer takes too long"));
  gone.get_future().wait();
}

BOOST_AUTO_TEST_SUITE_END()
