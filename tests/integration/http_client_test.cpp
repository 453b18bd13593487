// The HTTP client in hostile hands: strangers' URLs, names that never resolve.
// Real sockets on loopback; names are a table of the test.
#include "tests/integration/http_client_world.hpp"
#include "tests/support/temp_folder.hpp"

#include <fstream>
#include <sstream>

using namespace render;
using namespace render::http_client_world;

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
  // A URL of the worker itself is reached.
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
    // The message does not show the kind.
    auto refused = [&](const std::string& url, failure_kind kind) {
      auto got = web.ask(strangers(url));
      BOOST_REQUIRE(!got);
      BOOST_TEST((got.error().kind == kind));
      BOOST_TEST(got.error().message.ends_with(": cannot be reached"));
    };
    refused(inside.url(), failure_kind::rejected);
    refused(inside.url("inside.test"), failure_kind::rejected);
    refused(closed, failure_kind::unavailable);
    refused("http://unknown.example/", failure_kind::unavailable);
    refused(rude.url("outside.test"), failure_kind::unavailable);
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
  // A name that only the proxy can look up is left to the proxy.
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
  // The client's destructor ends although a look-up still hangs.
  auto left = web.send(get("http://hung.test/"));
}

// Even when the hanging name is asked for again and again.
BOOST_AUTO_TEST_CASE(leaves_other_names_a_thread_beside_one_that_hangs) {
  std::promise<void> release;
  auto released = release.get_future().share();
  auto look_up = [released](const std::string& host) -> name_resolver::found {
    if (host.starts_with("hung"))
      released.wait();
    return std::vector<ip_address>{loopback};
  };
  raw_server server{always(ok())};
  http_config cfg;
  cfg.look_up_timeout = 50ms;
  client web{cfg, std::make_unique<threaded_resolver>(3, 1024, look_up)};
  for (int i = 0; i < 5; ++i)
    BOOST_TEST(!web.ask(get("http://hung.test/")).has_value());
  auto answers = [&](const std::string& host) {
    for (int i = 0; i < 100; ++i)
      if (web.ask(get(server.url(host))))
        return true;
    return false;
  };
  BOOST_TEST(answers("a.test"));
  release.set_value();
  BOOST_TEST(answers("hung.test"));
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
