// The real worker with a full disk, and with a storage that is down.
#include "tests/support/small_world.hpp"

#include <boost/test/unit_test.hpp>
#include <sys/mount.h>

#include <atomic>
#include <fstream>

using namespace render;
using namespace std::chrono_literals;

namespace {

constexpr auto speech = R"({"text":"Hello."})";

struct fixture : harness::small_world {
  fixture() : small_world({"--boot-time", "200ms"}) {
    // nop
  }

  ~fixture() {
    if (mounted_)
      ::umount2(small_disk().c_str(), MNT_DETACH);
  }

  /// False when mounting is refused.
  bool make_small_disk() {
    std::filesystem::create_directories(small_disk());
    mounted_ = ::mount("tmpfs", small_disk().c_str(), "tmpfs", 0, "size=2m")
               == 0;
    return mounted_;
  }

  std::string small_disk() const {
    return folder.path("disk");
  }

  /// On a busy machine an answer may be the one before.
  bool becomes_ready(int code) {
    return harness::wait_until([&] {
      return readyz() == code;
    });
  }

  int readyz() {
    auto output = worker().output();
    auto at = output.find("listens on port ");
    BOOST_REQUIRE(at != std::string::npos);
    httplib::Client client{"127.0.0.1", std::stoi(output.substr(at + 16))};
    auto got = client.Get("/readyz");
    ready_text = got ? got->body : "";
    return got ? got->status : -1;
  }

  bool log_says(const std::string& what) {
    return harness::wait_until([&] {
      return worker().output().find(what) != std::string::npos;
    });
  }

  int64_t launches() {
    return json::integer(ledger(), "launches").value_or(-1);
  }

  std::string ready_text;

private:
  bool mounted_ = false;
};

/// An S3 that takes every upload unless it is told to be down.
class storage {
public:
  storage() {
    auto answer = [this](const httplib::Request& request,
                         httplib::Response& response) {
      uploads_ += request.method == "PUT" ? 1 : 0;
      response.status = down ? 503 : 200;
    };
    server_.routes().Get("/.*", answer);
    server_.routes().Put("/.*", answer);
    server_.start();
  }

  std::string endpoint() const {
    return "127.0.0.1:" + std::to_string(server_.port());
  }

  int uploads() const {
    return uploads_;
  }

  std::atomic<bool> down{false};

private:
  std::atomic<int> uploads_{0};
  harness::http_server server_;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(an_unfit_worker, fixture)

BOOST_AUTO_TEST_CASE(below_its_floor_claims_nothing_and_says_so) {
  start_worker(
    {{"MIN_FREE_BYTES", "999000000000000"}, {"STATUS_ADDRESS", "127.0.0.1:0"}});
  BOOST_TEST(log_says("unfit (disk)"));
  auto id = submit("csm", speech);
  BOOST_TEST(becomes_ready(503));
  BOOST_TEST(ready_text.find("MIN_FREE_BYTES") != std::string::npos);
  BOOST_TEST(job_field(id, "status") == "queued");
  BOOST_TEST(launches() == 0);
  BOOST_TEST(stop_worker() == 0, logs());
}

BOOST_AUTO_TEST_CASE(on_a_full_disk_gives_the_job_back_until_there_is_room) {
  if (!make_small_disk()) {
    BOOST_TEST_MESSAGE("mounting is refused here");
    return;
  }
  start_worker({{"OUTPUT_DIR", small_disk()},
                {"JOURNAL_DIR", folder.path("journal")},
                {"MIN_FREE_BYTES", "0"},
                {"STATUS_ADDRESS", "127.0.0.1:0"}});
  // A warm GPU, so that only the disk can stop the next job.
  BOOST_TEST(wait_for_end(submit("csm", speech)) == "success");
  std::filesystem::remove_all(small_disk() + "/.work");
  auto filler = small_disk() + "/filler";
  std::ofstream{filler, std::ios::binary} << std::string(4'000'000, 'x');
  auto id = submit("csm", speech);
  BOOST_TEST(log_says("unfit (job)"));
  BOOST_TEST(harness::wait_until([&] {
    return readyz() == 503 && ready_text.find("disk") != std::string::npos;
  }));
  BOOST_TEST(job_field(id, "status") == "queued");
  std::filesystem::remove(filler);
  BOOST_TEST(wait_for_end(id) == "success", job_field(id, "error") << logs());
  BOOST_TEST(job_field(id, "attempt") == "1");
  BOOST_TEST(becomes_ready(200));
  BOOST_TEST(launches() == 1);
  BOOST_TEST(stop_worker() == 0, logs());
}

BOOST_AUTO_TEST_CASE(keeps_a_result_while_the_storage_is_down) {
  storage s3;
  start_worker({{"MINIO_ENDPOINT", s3.endpoint()},
                {"MINIO_ACCESS_KEY", "a"},
                {"MINIO_SECRET_KEY", "b"},
                {"STATUS_ADDRESS", "127.0.0.1:0"}});
  BOOST_TEST(wait_for_end(submit("csm", speech)) == "success", logs());
  s3.down = true;
  auto id = submit("csm", speech);
  BOOST_TEST(log_says("unfit (storage)"));
  BOOST_TEST(becomes_ready(503));
  BOOST_TEST(job_field(id, "status") == "running");
  s3.down = false;
  BOOST_TEST(wait_for_end(id) == "success", job_field(id, "error") << logs());
  BOOST_TEST(job_field(id, "attempt") == "1");
  BOOST_TEST(becomes_ready(200));
  BOOST_TEST(launches() == 1);
  BOOST_TEST(stop_worker() == 0, logs());
}

BOOST_AUTO_TEST_SUITE_END()
