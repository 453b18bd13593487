#pragma once
// An HTTP client whose names come from a table of the test, and its requests.
#include "actors/io/http/curl_loop.hpp"
#include "tests/support/raw_server.hpp"

#include <boost/test/unit_test.hpp>

#include <future>
#include <map>

namespace render::http_client_world {

using namespace std::chrono_literals;
using harness::raw_server;

inline const auto loopback = parse_ip("127.0.0.1").value();

/// Resolves the test's names; never answers for names that begin with "hung".
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
  explicit client(http_config cfg = {}, std::unique_ptr<name_resolver> names
                                        = std::make_unique<table_of_names>())
    : loop_(
      std::move(cfg),
      [this](uint64_t id, result<http_response> got) {
        std::lock_guard guard{mutex_};
        waiting_.at(id).set_value(std::move(got));
      },
      std::move(names)) {
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

inline http_request get(std::string url) {
  http_request out;
  out.url = std::move(url);
  out.total_timeout = 10s;
  return out;
}

inline http_request strangers(std::string url) {
  auto out = get(std::move(url));
  out.public_only = true;
  out.max_redirects = 30;
  return out;
}

inline http_request webhook(std::string url) {
  auto out = strangers(std::move(url));
  out.method = "POST";
  out.body = R"({"id":"x"})";
  out.cut_body = true;
  out.max_body_bytes = 64u << 10;
  return out;
}

inline http_config allowing(std::string_view what) {
  http_config out;
  out.allowed = private_allowances::parse(what).value();
  return out;
}

inline std::string ok(std::string_view body = "fine",
                      std::string_view more = "") {
  return "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: "
         + std::to_string(body.size()) + "\r\n" + std::string{more} + "\r\n"
         + std::string{body};
}

inline std::string redirect(int status, const std::string& to) {
  return "HTTP/1.1 " + std::to_string(status)
         + " Moved\r\nConnection: close\r\nContent-Length: 0\r\nLocation: " + to
         + "\r\n\r\n";
}

inline raw_server::talk always(std::string answer) {
  return [answer = std::move(answer)](const std::string&,
                                      const raw_server::speaker& say) {
    say(answer);
  };
}

inline std::string from_hex(std::string_view text) {
  std::string out;
  for (size_t i = 0; i + 1 < text.size(); i += 2)
    out += static_cast<char>(
      std::stoi(std::string{text.substr(i, 2)}, nullptr, 16));
  return out;
}

/// "hello " three times.
inline std::string packed() {
  return from_hex("1f8b0800000000000203cb48cdc9c957c8402201edb5310412000000");
}

} // namespace render::http_client_world
