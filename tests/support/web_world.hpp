#pragma once
// The HTTP service with a real Redis, and clients that say bytes.
#include "app/web/service.hpp"
#include "messages/text/json.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace render::harness {

namespace asio = boost::asio;

struct answered {
  unsigned status = 0;
  std::map<std::string, std::string> headers;
  std::string body;

  json::document doc() const {
    auto out = json::parse(body);
    BOOST_REQUIRE_MESSAGE(out, body);
    return std::move(*out);
  }
};

/// A connection that says and hears bytes.
class line {
public:
  explicit line(int port) : socket_(io_) {
    socket_.connect(
      {asio::ip::make_address("127.0.0.1"), static_cast<unsigned short>(port)});
    timeval limit{10, 0};
    setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit,
               sizeof(limit));
  }

  void say(const std::string& x) {
    boost::system::error_code ignored;
    asio::write(socket_, asio::buffer(x), ignored);
  }

  /// Until `mark` comes, or nothing more does.
  std::string hear(const std::string& mark) {
    char piece[4096];
    while (heard_.find(mark) == std::string::npos) {
      auto got = ::recv(socket_.native_handle(), piece, sizeof(piece), 0);
      if (got <= 0)
        break;
      heard_.append(piece, static_cast<size_t>(got));
    }
    return heard_;
  }

  answered answer() {
    boost::beast::http::response<boost::beast::http::string_body> got;
    boost::system::error_code err;
    boost::beast::http::read(socket_, buffer_, got, err);
    answered out;
    if (err)
      return out;
    out.status = got.result_int();
    out.body = got.body();
    for (auto& x : got)
      out.headers[std::string{x.name_string()}] = std::string{x.value()};
    return out;
  }

private:
  asio::io_context io_;
  asio::ip::tcp::socket socket_;
  /// What `answer` has read of the next one.
  boost::beast::flat_buffer buffer_;
  std::string heard_;
};

/// A service with a Redis of its own.
struct web_world {
  explicit web_world(const std::string& keys = {},
                     const std::string& base_path = {}) {
    web::service_config cfg;
    cfg.address = "127.0.0.1:0";
    cfg.base_path = base_path;
    cfg.output_dir = folder.path("out");
    cfg.files_dir = folder.path("up");
    cfg.upload_max = 300'000;
    std::filesystem::create_directories(cfg.output_dir);
    std::filesystem::create_directories(cfg.files_dir);
    cfg.redis.host = "127.0.0.1";
    cfg.redis.port = redis.port();
    cfg.version = "test";
    if (!keys.empty()) {
      cfg.keys_file = folder.path("keys");
      std::ofstream{cfg.keys_file} << keys;
    }
    auto started = web::service::start(cfg, {[this](const std::string& x) {
                                               std::lock_guard guard{lock};
                                               audit.push_back(x);
                                             },
                                             {}});
    BOOST_REQUIRE_MESSAGE(started, started.error().message);
    service = std::move(*started);
  }

  answered ask(const std::string& method, const std::string& target,
               const std::string& body = {},
               const std::vector<std::string>& headers = {}) {
    line x{service->port()};
    std::string text = method + " " + target
                       + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
    auto json_body = !body.empty();
    for (auto& one : headers) {
      json_body &= !one.starts_with("Content-Type");
      text += one + "\r\n";
    }
    if (json_body)
      text += "Content-Type: application/json\r\n";
    if (!body.empty() || method == "POST")
      text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    x.say(text + "\r\n" + body);
    return x.answer();
  }

  std::string submit(const std::string& text = "hi") {
    auto x = ask("POST", "/v1/jobs",
                 R"({"type":"csm","input":{"text":")" + text + "\"}}");
    BOOST_REQUIRE_MESSAGE(x.status == 202, x.body);
    return json::string_or_empty(x.doc(), "id");
  }

  void end(const std::string& id, const std::string& status,
           std::initializer_list<std::string> more = {}) {
    std::vector<std::string> words{"HSET", "job:" + id, "status", status};
    words.insert(words.end(), more.begin(), more.end());
    redis.cmd_list(words);
    redis.cmd_list({"LREM", "queue:jobs", "0", id});
  }

  temp_folder folder;
  redis_server redis;
  std::mutex lock;
  std::vector<std::string> audit;
  std::unique_ptr<web::service> service;
};

inline std::string form(const std::string& content,
                        const std::string& name = "file") {
  return "--b\r\nContent-Disposition: form-data; name=\"" + name
         + "\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n" + content
         + "\r\n--b--\r\n";
}

inline const std::vector<std::string> form_type{
  "Content-Type: multipart/form-data; boundary=b"};

} // namespace render::harness
