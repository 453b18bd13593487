#pragma once
// c3ctl with a redis-server of its own.
#include "messages/text/json.hpp"
#include "tests/support/http_server.hpp"
#include "tests/support/small_world.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <ctime>

namespace render {

inline constexpr auto id = "00000000-0000-4000-8000-000000000001";
inline constexpr auto other_id = "00000000-0000-4000-8000-000000000002";

struct ctl_outcome {
  int code = -1;
  std::string text;
};

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// The tolerance is wide, since the clocks of two processes, or of time() and
/// gettimeofday(), differ a little; it is still far from all other times in
/// these tests.
inline bool is_about_now(double unix_s) {
  return std::abs(unix_s - static_cast<double>(std::time(nullptr))) < 30;
}

struct ctl_world {
  harness::temp_folder folder;
  harness::redis_server redis;
  std::map<std::string, std::string> env{
    {"REDIS_HOST", "127.0.0.1"}, {"REDIS_PORT", std::to_string(redis.port())}};
  int runs = 0;

  // Runs in a folder of its own, so that no .env of the developer is read.
  std::unique_ptr<harness::process> start(std::vector<std::string> args) {
    args.insert(args.begin(),
                {"/usr/bin/env", "-C", folder.path(), PROGRAM_DIR "/c3ctl"});
    return std::make_unique<harness::process>(
      args, env, folder.path("log" + std::to_string(++runs)));
  }

  ctl_outcome run(std::vector<std::string> args) {
    auto child = start(std::move(args));
    auto code = child->wait_for_exit(std::chrono::seconds{20}).value_or(-1);
    return {code, child->output()};
  }

  void put_job(const std::string& job_id,
               std::vector<std::string> fields = {}) {
    std::vector<std::string> args{
      "HSET",   "job:" + job_id, "id",         job_id,       "type", "csm",
      "status", "queued",        "created_at", "1700000000", "data", "{}"};
    args.insert(args.end(), fields.begin(), fields.end());
    redis.cmd_list(args);
  }

  std::string field(const std::string& name, const std::string& job_id = id) {
    return redis.field("job:" + job_id, name);
  }

  std::string write_file(const std::string& name, const std::string& bytes) {
    std::ofstream{folder.path(name), std::ios::binary} << bytes;
    return folder.path(name);
  }

  static std::string read_file(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    std::stringstream bytes;
    bytes << in.rdbuf();
    return bytes.str();
  }

  json::document parsed(const std::string& text) {
    auto doc = json::parse(text);
    BOOST_REQUIRE_MESSAGE(doc, text);
    return std::move(*doc);
  }

  std::map<std::string, std::string> record_of(const std::string& job_id) {
    std::map<std::string, std::string> out;
    auto got = redis.cmd("HGETALL", "job:" + job_id);
    for (size_t i = 0; i + 1 < got.elements.size(); i += 2)
      out[got.elements[i].text] = got.elements[i + 1].text;
    return out;
  }

  // The URL of a receiver that has just been started.
  std::string receiver_url() {
    BOOST_REQUIRE(harness::wait_until([this] {
      return std::filesystem::exists(folder.path("hook.env"));
    }));
    auto text = read_file(folder.path("hook.env"));
    BOOST_REQUIRE(text.starts_with("NOTIFY_URL=http://127.0.0.1:"));
    return text.substr(11, text.size() - 12);
  }

  static int post(const std::string& url, const std::string& body,
                  const httplib::Headers& headers = {}) {
    httplib::Client client{url.substr(0, url.size() - 1)};
    auto got = client.Post("/hook", headers, body, "application/json");
    return got ? got->status : -1;
  }
};

} // namespace render
