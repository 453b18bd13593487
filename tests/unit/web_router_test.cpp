#include "app/web/gate.hpp"
#include "app/web/range.hpp"
#include "app/web/router.hpp"
#include "app/web/service.hpp"
#include "messages/text/digest.hpp"
#include "messages/text/hex.hpp"
#include "messages/text/json.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

using namespace render;
using namespace render::web;

namespace {

response nothing(const request&, records::redis&) {
  return {};
}

std::string path_of(std::string_view text) {
  auto x = parse_target(text);
  return x ? x->path() : "refused";
}

/// A gate with one key of each role.
struct house {
  house()
    : keeper(std::make_shared<doorkeeper>(doorkeeper::settings{
      keyring{{{"v", role::view, to_hex(sha256("key-v"))},
               {"s", role::submit, to_hex(sha256("key-s"))},
               {"o", role::operate, to_hex(sha256("key-o"))}}}})),
      checks({"/base", {}}, routes(), keeper) {
    // nop
  }

  static router routes() {
    router out;
    out.add({{"GET", "/open", role::nobody, nothing},
             {"GET", "/x", role::view, nothing},
             {"POST", "/x", role::submit, nothing},
             {"POST", "/forms", role::submit, nothing, route::body::files},
             {"POST", "/fleet", role::operate, nothing}});
    return out;
  }

  static request asked(const std::string& method, const std::string& key = {}) {
    request x;
    x.method = method;
    x.peer = "10.0.0.1";
    x.headers["host"] = "127.0.0.1:8095";
    if (!key.empty())
      x.headers["authorization"] = "Bearer " + key;
    return x;
  }

  unsigned status(request x, const std::string& target, double now_s = 100) {
    auto got = checks.admit(x, target, now_s);
    return got.to ? 200 : got.refused.status;
  }

  std::shared_ptr<doorkeeper> keeper;
  gate checks;
};

} // namespace

BOOST_AUTO_TEST_SUITE(web_router)

BOOST_AUTO_TEST_CASE(targets_are_decoded_once) {
  BOOST_TEST(path_of("/") == "/");
  BOOST_TEST(path_of("/a/b%20c?x=1#f") == "/a/b c");
  BOOST_TEST(path_of("/a/") == "/a/");
  BOOST_TEST(path_of("/%61") == "/a");
  BOOST_TEST(path_of("/a+b") == "/a+b");
  auto x = parse_target("/a?q=two+words&q=last&e=&only&%41=%26");
  BOOST_REQUIRE(x);
  BOOST_TEST(x->query.at("q") == "last");
  BOOST_TEST(x->query.at("e") == "");
  BOOST_TEST(x->query.at("only") == "");
  BOOST_TEST(x->query.at("A") == "&");
}

BOOST_AUTO_TEST_CASE(targets_that_lead_elsewhere_are_refused) {
  for (auto* text :
       {"", "a", "*", "http://h/a", "/..", "/a/../b", "/.", "/%2e%2e/a",
        "/a%2fb", "/a%00", "/a%0a", "/%", "/%4", "/%zz", "/a?x=%", "/a?x=%0d"})
    BOOST_TEST(path_of(text) == "refused", text);
}

BOOST_AUTO_TEST_CASE(finds_the_route_with_the_fewest_names) {
  router all;
  all.add({{"GET", "/v1/jobs/{id}", role::view, nothing},
           {"POST", "/v1/jobs/bulk", role::operate, nothing},
           {"GET", "/v1/jobs/{id}/events", role::view, nothing},
           {"GET", "/v1/gpus/gantt", role::view, nothing},
           {"GET", "/v1/gpus/{id}", role::view, nothing}});
  auto found = [&](const char* method, const char* target) {
    return all.find(method, *parse_target(target));
  };
  BOOST_TEST(found("GET", "/v1/gpus/gantt").to->pattern == "/v1/gpus/gantt");
  auto one = found("HEAD", "/v1/jobs/a%20b");
  BOOST_TEST(one.to->pattern == "/v1/jobs/{id}");
  BOOST_TEST(one.vars.at("id") == "a b");
  BOOST_TEST((found("POST", "/v1/jobs/bulk").to->least == role::operate));
  BOOST_TEST(!found("DELETE", "/v1/jobs/bulk").to);
  BOOST_TEST(found("DELETE", "/v1/jobs/bulk").allowed == "GET, HEAD, POST");
  BOOST_TEST(found("GET", "/v1/jobs/").allowed == "");
  BOOST_TEST(found("GET", "/v1/jobs/a/b").allowed == "");
}

BOOST_AUTO_TEST_CASE(the_gate_asks_for_host_route_key_role_and_origin) {
  house x;
  BOOST_TEST(x.status(house::asked("GET"), "/base/open") == 200u);
  BOOST_TEST(x.status(house::asked("GET"), "/open") == 404u);
  BOOST_TEST(x.status(house::asked("GET"), "/baseopen") == 404u);
  BOOST_TEST(x.status(house::asked("GET"), "/base/none") == 404u);
  BOOST_TEST(x.status(house::asked("PUT"), "/base/x") == 405u);
  BOOST_TEST(x.status(house::asked("GET"), "/base/x") == 401u);
  BOOST_TEST(x.status(house::asked("GET", "wrong"), "/base/x") == 401u);
  BOOST_TEST(x.status(house::asked("GET", "key-v"), "/base/x") == 200u);
  BOOST_TEST(x.status(house::asked("POST", "key-v"), "/base/x") == 403u);
  BOOST_TEST(x.status(house::asked("POST", "key-s"), "/base/x") == 200u);
  BOOST_TEST(x.status(house::asked("POST", "key-s"), "/base/fleet") == 403u);
  BOOST_TEST(x.status(house::asked("POST", "key-o"), "/base/fleet") == 200u);
  auto other_host = house::asked("GET", "key-v");
  other_host.headers["host"] = "evil.example";
  BOOST_TEST(x.status(other_host, "/base/x") == 421u);
  auto other_page = house::asked("POST", "key-s");
  other_page.headers["sec-fetch-site"] = "cross-site";
  BOOST_TEST(x.status(other_page, "/base/x") == 403u);
  auto other_origin = house::asked("POST", "key-s");
  other_origin.headers["origin"] = "http://evil.example";
  BOOST_TEST(x.status(other_origin, "/base/x") == 403u);
  auto own = house::asked("POST", "key-s");
  own.headers["origin"] = "http://127.0.0.1:8095";
  BOOST_TEST(x.status(own, "/base/x") == 200u);
}

BOOST_AUTO_TEST_CASE(bodies_have_the_type_that_their_route_takes) {
  house x;
  auto post = [](const std::string& type) {
    auto y = house::asked("POST", "key-s");
    y.headers["content-length"] = "5";
    if (!type.empty())
      y.headers["content-type"] = type;
    return y;
  };
  BOOST_TEST(x.status(post("application/json; charset=utf-8"), "/base/x")
             == 200u);
  BOOST_TEST(x.status(post("text/plain"), "/base/x") == 415u);
  BOOST_TEST(x.status(post(""), "/base/x") == 415u);
  BOOST_TEST(x.status(post("application/json"), "/base/forms") == 415u);
  BOOST_TEST(x.status(post("multipart/form-data; boundary=a"), "/base/forms")
             == 200u);
}

BOOST_AUTO_TEST_CASE(who_guesses_keys_has_to_wait) {
  house x;
  for (uint32_t i = 0; i < guess_limit::tries; ++i)
    BOOST_TEST(x.status(house::asked("GET", "no"), "/base/x", 100) == 401u);
  BOOST_TEST(x.status(house::asked("GET", "no"), "/base/x", 130) == 429u);
  // Also with a right key: else 429 would tell that it is one.
  BOOST_TEST(x.status(house::asked("GET", "key-v"), "/base/x", 130) == 429u);
  auto neighbour = house::asked("GET", "key-v");
  neighbour.peer = "10.0.0.2";
  BOOST_TEST(x.status(neighbour, "/base/x", 130) == 200u);
  BOOST_TEST(x.status(house::asked("GET", "key-v"), "/base/x", 161) == 200u);
}

BOOST_AUTO_TEST_CASE(a_login_is_a_cookie_that_ends) {
  house x;
  auto from = house::asked("POST");
  BOOST_TEST(x.keeper->login(from, "no", "t", 0).status == 401u);
  auto done = x.keeper->login(from, "key-s", "token", 0);
  BOOST_TEST(done.status == 204u);
  auto& cookie_text = done.headers.back().second;
  for (auto* part : {"c3_session=token;", "HttpOnly", "SameSite=Strict"})
    BOOST_TEST((cookie_text.find(part) != std::string::npos), part);
  auto with_cookie = house::asked("GET");
  with_cookie.headers["cookie"] = "a=b; c3_session=token";
  BOOST_TEST(x.status(with_cookie, "/base/x", 10) == 200u);
  BOOST_TEST(x.status(with_cookie, "/base/x", sessions::life_s + 1) == 401u);
  x.keeper->logout(with_cookie);
  BOOST_TEST(x.status(with_cookie, "/base/x", 10) == 401u);
}

BOOST_AUTO_TEST_CASE(without_keys_everybody_is_local) {
  auto keeper = std::make_shared<doorkeeper>(doorkeeper::settings{});
  gate checks{{"", {}}, house::routes(), keeper};
  auto x = house::asked("POST");
  auto got = checks.admit(x, "/fleet", 0);
  BOOST_TEST(got.to);
  BOOST_TEST(x.who.name == "local");
}

BOOST_AUTO_TEST_CASE(ranges) {
  auto part = [](uint64_t at, uint64_t bytes) {
    return range_wish{byte_range{at, bytes}, false};
  };
  const range_wish whole{};
  const range_wish outside{std::nullopt, true};
  BOOST_TEST((parse_range("", 10) == whole));
  BOOST_TEST((parse_range("bytes=0-3", 10) == part(0, 4)));
  BOOST_TEST((parse_range("bytes=9-", 10) == part(9, 1)));
  BOOST_TEST((parse_range("bytes=5-100", 10) == part(5, 5)));
  BOOST_TEST((parse_range("bytes=-3", 10) == part(7, 3)));
  BOOST_TEST((parse_range("bytes=-30", 10) == part(0, 10)));
  BOOST_TEST((parse_range("bytes=10-", 10) == outside));
  BOOST_TEST((parse_range("bytes=-0", 10) == outside));
  BOOST_TEST((parse_range("bytes=0-0", 0) == outside));
  for (auto* text : {"bytes=3-1", "bytes=a-b", "bytes=0-1,3-4", "bytes=",
                     "bytes=-", "items=0-1", "bytes=0-99999999999999999999999"})
    BOOST_TEST((parse_range(text, 10) == whole), text);
}

BOOST_AUTO_TEST_CASE(files_of_the_page_are_packed_and_asked_for_once) {
  page all{{"", "/base", ""}};
  auto header = [](const response& x, std::string_view name) {
    for (auto& [key, value] : x.headers)
      if (key == name)
        return value;
    return std::string{};
  };
  request x;
  auto plain = all.file(x, "app.js");
  BOOST_TEST(plain.status == 200u);
  BOOST_TEST(header(plain, "Content-Encoding") == "");
  x.headers["accept-encoding"] = "br, gzip";
  auto packed = all.file(x, "app.js");
  BOOST_TEST(header(packed, "Content-Encoding") == "gzip");
  BOOST_TEST(packed.body.size() < plain.body.size());
  BOOST_TEST(packed.body.starts_with("\x1f\x8b"));
  BOOST_TEST(header(packed, "ETag") != header(plain, "ETag"));
  x.headers["if-none-match"] = header(packed, "ETag");
  auto known = all.file(x, "app.js");
  BOOST_TEST(known.status == 304u);
  BOOST_TEST(known.body == "");
  BOOST_TEST(all.file(x, "../openapi.json").status == 404u);
  BOOST_TEST(all.file(x, "index.html").status == 404u);
  auto frame = all.frame(x);
  BOOST_TEST((frame.body.find("<base href=\"/base/\">") != std::string::npos));
  BOOST_TEST((header(frame, "Content-Security-Policy").find("script-src 'self'")
              != std::string::npos));
}

/// Each route of /v1 is described, with its role, and nothing more is.
BOOST_AUTO_TEST_CASE(the_description_is_of_these_routes) {
  std::ifstream in{PROJECT_DIR "/app/web/openapi.json"};
  std::stringstream text;
  text << in.rdbuf();
  auto doc = json::parse(text.str());
  BOOST_REQUIRE(doc);
  std::set<std::string> described;
  for (auto& path : (*doc)["paths"].GetObject())
    for (auto& method : path.value.GetObject()) {
      std::string name = method.name.GetString();
      std::transform(name.begin(), name.end(), name.begin(), ::toupper);
      described.insert(name + " " + path.name.GetString() + " "
                       + json::string_or_empty(method.value, "x-role"));
    }
  std::set<std::string> served{"GET /login none", "POST /login none",
                               "POST /logout none"};
  for (auto& x : all_routes(std::make_shared<service_facts>(), {})) {
    if (!x.pattern.starts_with("/v1/"))
      continue;
    // A link that is signed needs no key.
    auto least = x.least == role::nobody ? "view" : to_string(x.least);
    served.insert(x.method + " " + x.pattern + " " + std::string{least});
  }
  for (auto& x : described)
    BOOST_TEST(served.count(x) == 1u, x << " is described and not served");
  for (auto& x : served)
    BOOST_TEST(described.count(x) == 1u, x << " is served and not described");
}

BOOST_AUTO_TEST_SUITE_END()
