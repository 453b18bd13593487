// A whole worker in this process, with a real Redis: when any of its parts
// ends, the worker ends, logs the reason, and gives that reason in its health
// check.
#include "app/node/node.hpp"
#include "tests/support/redis_server.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/all.hpp>

#include <future>

using namespace render;
using namespace render::harness;
using namespace std::chrono_literals;

namespace {

struct live_worker {
  live_worker() {
    auto found = read_config({{"REDIS_HOST", redis.host()},
                              {"REDIS_PORT", std::to_string(redis.port())},
                              {"C3_API_KEY", "key"},
                              {"C3_API_URL", "http://127.0.0.1:9/api/v0"},
                              {"RESULT_TTL", "3600"},
                              {"WORKER_ID", "w1"},
                              {"OUTPUT_DIR", folder.path("output")}});
    BOOST_REQUIRE(found.errors.empty());
    worker = std::make_unique<node>(found.config, null_logger());
  }

  void start() {
    auto started = worker->start([this](bool clean) {
      ended.set_value(clean);
    });
    BOOST_REQUIRE(started);
  }

  std::optional<bool> end_within(std::chrono::seconds limit) {
    auto end = ended.get_future();
    if (end.wait_for(limit) != std::future_status::ready)
      return std::nullopt;
    return end.get();
  }

  redis_server redis;
  temp_folder folder;
  std::promise<bool> ended;
  std::unique_ptr<node> worker;
};

std::vector<std::string> part_names() {
  live_worker x;
  x.start();
  std::vector<std::string> out;
  for (auto& [name, part] : x.worker->parts())
    out.push_back(name);
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(a_live_worker)

BOOST_AUTO_TEST_CASE(ends_when_any_of_its_parts_ends) {
  auto names = part_names();
  BOOST_TEST(names.size() == 9u);
  for (auto& name : names)
    BOOST_TEST_CONTEXT(name) {
      live_worker x;
      x.start();
      for (auto& [each, part] : x.worker->parts())
        if (each == name)
          caf::anon_send_exit(part, caf::exit_reason::kill);
      auto clean = x.end_within(10s);
      BOOST_REQUIRE(clean);
      BOOST_TEST(!*clean);
      auto status = x.worker->status();
      BOOST_REQUIRE(!status);
      BOOST_TEST(
        status.error().message.starts_with("the " + name + " actor has ended"),
        status.error().message);
    }
}

BOOST_AUTO_TEST_CASE(ends_cleanly_when_it_is_told_to) {
  live_worker x;
  x.start();
  x.worker->drain("the test says so");
  auto clean = x.end_within(10s);
  BOOST_REQUIRE(clean);
  BOOST_TEST(*clean);
}

BOOST_AUTO_TEST_CASE(that_has_not_started_stops_all_the_same) {
  live_worker x;
  auto before = std::chrono::steady_clock::now();
  x.worker.reset();
  BOOST_TEST((std::chrono::steady_clock::now() - before < 5s));
}

BOOST_AUTO_TEST_SUITE_END()
