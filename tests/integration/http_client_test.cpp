// The HTTP client in hostile hands: strangers' URLs, names that never resolve,
// servers that flood. Real sockets on loopback; names are a table of the test.
#include "actors/io/http/curl_loop.hpp"
#include "tests/harness/raw_server.hpp"
#include "tests/harness/temp_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <future>
#include <map>
#include <sstream>

using namespace render;
using namespace std::chrono_literals;
using harness::raw_server;

namespace {

const auto loopback = parse_ip("127.0.0.1").value();

/// Knows what the test says; says nothing about names that begin with "hung".
class table_of_names : public name_resolver {
public:
  void look_up(const std::string& host,
               std::function<void(found)> done) override {
    if (host.starts_with("hung"))
      kept_.push_back(std::move(done));
    else if (host.ends_with(".test"))
      done(std::vector<ip_address>{loopback});
    else
      done(fail(failure_kind::unavailable, "no such name"));
  }

private:
  std::vector<std::function<void(found)>> kept_;
};

class client {
public:
  explicit client(http_config cfg = {})
    : loop_(
      std::move(cfg),
      [this](uint64_t id, result<http_response> got) {
        std::lock_guard guard{mutex_};
        waiting_.at(id).set_value(std::move(got));
      },
      std::make_unique<table_of_names>()) {
    // nop
  }

  std::future<result<http_response>> send(http_request x) {
    std::lock_guard guard{mutex_};
    auto id = ++last_id_;
    auto out = waiting_[id].get_future();
    loop_.submit(id, std::move(x), nullptr);
    return out;
  }

  result<http_response> ask(http_request x) {
    auto out = send(std::move(x));
    BOOST_REQUIRE(out.wait_for(30s) == std::future_status::ready);
    return out.get();
  }

  void cancel(const std::string& group) {
    loop_.cancel(group);
  }

private:
  std::mutex mutex_;
  uint64_t last_id_ = 0;
  std::map<uint64_t, std::promise<result<http_response>>> waiting_;
  curl_loop loop_;
};

http_request get(std::string url) {
  http_request out;
  out.url = std::move(url);
  out.total_timeout = 10s;
  return out;
}

http_request strangers(std::string url) {
  auto out = get(std::move(url));
  out.public_only = true;
  out.max_redirects = 30;
  return out;
}

http_request webhook(std::string url) {
  auto out = strangers(std::move(url));
  out.method = "POST";
  out.body = R"({"id":"x"})";
  out.cut_body = true;
  out.max_body_bytes = 64u << 10;
  return out;
}

http_config allowing(std::string_view what) {
  http_config out;
  out.allowed = private_allowances::parse(what).value();
  return out;
}

std::string ok(std::string_view body = "fine", std::string_view more = "") {
  return "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: "
         + std::to_string(body.size()) + "\r\n" + std::string{more} + "\r\n"
         + std::string{body};
}

std::string redirect(int status, const std::string& to) {
  return "HTTP/1.1 " + std::to_string(status)
         + " Moved\r\nConnection: close\r\nContent-Length: 0\r\nLocation: " + to
         + "\r\n\r\n";
}

raw_server::talk always(std::string answer) {
  return [answer = std::move(answer)](const std::string&,
                                      const raw_server::speaker& say) {
    say(answer);
  };
}

std::string from_hex(std::string_view text) {
  std::string out;
  for (size_t i = 0; i + 1 < text.size(); i += 2)
    out += static_cast<char>(
      std::stoi(std::string{text.substr(i, 2)}, nullptr, 16));
  return out;
}

/// "hello " three times.
std::string packed() {
  return from_hex("1f8b0800000000000203cb48cdc9c957c8402201edb5310412000000");
}

} // namespace

BOOST_AUTO_TEST_SUITE(a_strangers_url)

BOOST_AUTO_TEST_CASE(does_not_reach_what_is_not_public) {
  raw_server inside{always(ok())};
  client web;
  auto port = inside.url().substr(inside.url().rfind(':'));
  for (std::string host :
       {"127.0.0.1", "127.1", "2130706433", "0177.0.0.1", "0x7f000001",
        "%31%32%37.0.0.1", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]",
        "localhost", "inside.test", "images.example.com@127.0.0.1", "①②⑦.⓪.⓪.①",
        "169.254.169.254", "10.0.0.5", "[fd00:ec2::254]"})
    for (auto& request :
         {strangers("http://" + host + port), webhook("http://" + host + port)})
      BOOST_TEST(!web.ask(request).has_value(), host);
  BOOST_TEST(inside.connections() == 0);
  // A URL of our own does.
  BOOST_TEST(web.ask(get(inside.url())).has_value());
  BOOST_TEST(!web.ask(strangers(inside.url("kept.test"))).has_value());
}

BOOST_AUTO_TEST_CASE(is_checked_at_each_redirect_anew) {
  raw_server inside{always(ok())};
  client web{allowing("outside.test")};
  for (auto status : {301, 302, 303, 307, 308})
    for (auto& host : {"127.0.0.1", "inside.test", "[::ffff:127.0.0.1]"}) {
      raw_server outside{always(redirect(status, inside.url(host)))};
      for (auto& request : {strangers(outside.url("outside.test")),
                            webhook(outside.url("outside.test"))}) {
        auto got = web.ask(request);
        BOOST_TEST((!got || got->status == status), host);
      }
      BOOST_TEST(outside.connections() == 2);
    }
  BOOST_TEST(inside.connections() == 0);
}

BOOST_AUTO_TEST_CASE(fails_alike_whatever_stood_in_the_way) {
  raw_server inside{always(ok())};
  std::string closed;
  {
    raw_server gone{always(ok())};
    closed = gone.url("outside.test");
  }
  raw_server rude{always("")};
  std::vector<std::string> told;
  auto cfg = allowing("outside.test");
  cfg.tell = [&](std::string_view what) {
    told.emplace_back(what);
  };
  {
    client web{cfg};
    for (auto& url :
         {inside.url(), inside.url("inside.test"), closed,
          std::string{"http://unknown.example/"}, rude.url("outside.test")}) {
      auto got = web.ask(strangers(url));
      BOOST_REQUIRE(!got);
      BOOST_TEST((got.error().kind == failure_kind::unavailable));
      BOOST_TEST(got.error().message.ends_with(": cannot be reached"));
    }
  }
  BOOST_REQUIRE(told.size() == 5u);
  BOOST_TEST(told[0].find("not public") != std::string::npos);
  BOOST_TEST(told[3].find("no such name") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(reaches_what_the_operator_allows) {
  raw_server server{always(ok())};
  client web{allowing("127.0.0.0/8")};
  for (auto& url : {server.url(), server.url("any.test"),
                    " "
                      + server.url("b\xc3\xbc"
                                   "cher.test",
                                   "/a b")
                      + " "}) {
    auto got = web.ask(strangers(url));
    BOOST_TEST((got && got->body == "fine"), url);
  }
}

BOOST_AUTO_TEST_CASE(shows_no_password_and_no_path) {
  client web;
  for (auto& url :
       {"http://user:secret@127.0.0.1:1/secret?secret#secret",
        "ftp://user:secret@a.example/secret", "http://user:secret@/secret"}) {
    auto got = web.ask(strangers(url));
    BOOST_REQUIRE(!got);
    BOOST_TEST(got.error().message.find("secret") == std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(takes_no_proxy_unless_the_operator_says_so) {
  raw_server proxy{always(ok("by proxy"))};
  raw_server server{always(ok("direct"))};
  auto cfg = allowing("a.test");
  cfg.proxies.http = proxy.url();
  {
    client web{cfg};
    BOOST_TEST(web.ask(get("http://nodes.example/"))->body == "by proxy");
    BOOST_TEST(web.ask(strangers(server.url("a.test")))->body == "direct");
  }
  cfg.proxies_for_strangers = true;
  client web{cfg};
  BOOST_TEST(web.ask(strangers(server.url("a.test")))->body == "by proxy");
  // What the proxy alone can look up is its business.
  BOOST_TEST(web.ask(strangers("http://a.example/"))->body == "by proxy");
  auto before = proxy.connections();
  BOOST_TEST(!web.ask(strangers("http://10.0.0.1/")).has_value());
  BOOST_TEST(!web.ask(strangers("http://inside.test/")).has_value());
  BOOST_TEST(proxy.connections() == before);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_redirect)

BOOST_AUTO_TEST_CASE(of_an_input_is_followed_up_to_30_times) {
  std::atomic<int> hops{0};
  auto talk = [&](const std::string&, const raw_server::speaker& say) {
    say(++hops <= 30 ? redirect(302, "/" + std::to_string(hops)) : ok());
  };
  raw_server server{talk};
  client web{allowing("127.0.0.1")};
  auto got = web.ask(strangers(server.url()));
  BOOST_TEST((got && got->body == "fine"));
  hops = -1000;
  got = web.ask(strangers(server.url()));
  BOOST_REQUIRE(!got);
  BOOST_TEST((got.error().kind == failure_kind::rejected));
  BOOST_TEST(hops == -1000 + 31);
}

BOOST_AUTO_TEST_CASE(of_a_post_keeps_method_and_body_or_is_an_answer) {
  std::string seen;
  auto target = [&](const std::string& request,
                    const raw_server::speaker& say) {
    seen = request;
    say(ok());
  };
  client web{allowing("127.0.0.1")};
  for (auto status : {301, 302, 303, 307, 308}) {
    raw_server second{target};
    raw_server first{always(redirect(status, second.url()))};
    seen.clear();
    auto got = web.ask(webhook(first.url()));
    BOOST_REQUIRE(got);
    auto follows = status >= 307;
    BOOST_TEST(got->status == (follows ? 200 : status));
    BOOST_TEST(seen.starts_with("POST / ") == follows);
    BOOST_TEST((seen.find("Content-Length: 10\r\n") != std::string::npos)
               == follows);
  }
}

BOOST_AUTO_TEST_CASE(is_not_followed_with_a_secret) {
  raw_server thief{always(ok())};
  raw_server node{always(redirect(307, thief.url()))};
  client web;
  auto request = get(node.url());
  request.max_redirects = 5;
  request.headers = {{"X-C3-API-KEY", "key"}};
  BOOST_TEST(web.ask(request)->status == 307);
  BOOST_TEST(thief.connections() == 0);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(the_loop)

BOOST_AUTO_TEST_CASE(goes_on_while_a_name_is_never_resolved) {
  raw_server server{always(ok())};
  http_config cfg;
  cfg.look_up_timeout = 300ms;
  client web{cfg};
  std::vector<std::future<result<http_response>>> hung;
  for (int i = 0; i < 50; ++i)
    hung.push_back(web.send(get("http://hung" + std::to_string(i) + ".test/")));
  auto cancelled = get("http://hung.test/");
  cancelled.group = "job/";
  hung.push_back(web.send(cancelled));
  web.cancel("job/");
  BOOST_TEST((hung.back().get().error().kind == failure_kind::aborted));
  BOOST_TEST(web.ask(get(server.url("a.test")))->body == "fine");
  hung.pop_back();
  for (auto& x : hung) {
    auto got = x.get();
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().kind == failure_kind::unavailable));
    BOOST_TEST(got.error().message.find("look-up") != std::string::npos);
  }
  // And it ends though names are still hung.
  auto left = web.send(get("http://hung.test/"));
}

BOOST_AUTO_TEST_CASE(gives_hosts_their_turns) {
  std::promise<void> release;
  auto released = release.get_future().share();
  auto silent = [&](const std::string&, const raw_server::speaker& say) {
    released.wait();
    say(ok());
  };
  raw_server slow{silent};
  raw_server quick{always(ok())};
  auto cfg = allowing("127.0.0.0/8");
  cfg.open_max = 4;
  cfg.open_per_host_max = 3;
  client web{cfg};
  std::vector<std::future<result<http_response>>> waiting;
  for (int i = 0; i < 20; ++i)
    waiting.push_back(web.send(strangers(slow.url("slow.test"))));
  BOOST_TEST(web.ask(strangers(quick.url("quick.test"))).has_value());
  BOOST_TEST(slow.connections() <= 3);
  auto late = strangers(slow.url("slow.test"));
  late.total_timeout = 200ms;
  BOOST_TEST(!web.ask(late).has_value());
  release.set_value();
  for (auto& x : waiting)
    BOOST_TEST(x.get().has_value());
}

BOOST_AUTO_TEST_CASE(sends_cookies_to_the_node_that_set_them_only) {
  std::string seen;
  auto talk = [&](const std::string& request, const raw_server::speaker& say) {
    seen = request;
    say(ok("", "Set-Cookie: pin=1; Domain=nodes.test; Path=/\r\n"));
  };
  raw_server server{talk};
  client web;
  auto cookies_at = [&](const std::string& host) {
    auto request = get(server.url(host));
    request.headers = {{"X-C3-API-KEY", "key"}};
    BOOST_TEST(web.ask(request).has_value());
    return seen.find("pin=1") != std::string::npos;
  };
  BOOST_TEST(!cookies_at("a.nodes.test"));
  BOOST_TEST(cookies_at("a.nodes.test"));
  BOOST_TEST(!cookies_at("b.nodes.test"));
  BOOST_TEST(!cookies_at("nodes.test"));
}

BOOST_AUTO_TEST_SUITE_END()

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
  // Others could grow without measure; one in another too.
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
