// The real worker on a disk that hangs: what needs the disk waits, and nothing
// else does. Before, two jobs held both threads of the scheduler, and with them
// every other job, webhook and health check.
#include "tests/support/small_world.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <fstream>

using namespace render;
using namespace std::chrono_literals;

namespace {

using clock = std::chrono::steady_clock;

// As many as the scheduler has threads, and one more.
constexpr size_t enough = 3;

struct fixture : harness::small_world {
  fixture() : small_world({"--boot-time", "200ms"}) {
    // nop
  }

  /// Starts a worker on a disk that can hang in these calls.
  void start(const std::string& calls, env_map more = {}) {
    more.insert({{"LD_PRELOAD", HANGING_DISK},
                 // Else the sanitizer refuses to come second.
                 {"ASAN_OPTIONS", "verify_asan_link_order=0"},
                 {"HANG_CALLS", calls},
                 {"HANG_WHILE", gate()},
                 {"JOBS_PER_GPU", std::to_string(enough)},
                 {"STATUS_ADDRESS", "127.0.0.1:0"}});
    start_worker(more);
    alone_ = most_of(50);
  }

  void hang() {
    std::ofstream{gate()} << "";
  }

  void hang_no_more() {
    std::filesystem::remove(gate());
  }

  std::vector<std::string> submit_enough() {
    std::vector<std::string> out;
    for (size_t i = 0; i < enough; ++i)
      out.push_back(submit("csm", R"({"text":"Hello.","notify_url":")"
                                    + receiver.url() + "\"}"));
    return out;
  }

  bool come_to(const std::vector<std::string>& ids, const std::string& field,
               const std::string& value) {
    return std::all_of(ids.begin(), ids.end(), [&](const std::string& id) {
      return harness::wait_until([&] {
        return job_field(id, field) == value;
      });
    });
  }

  /// A result that is due to be swept.
  void leave_old_result() {
    auto mark = folder.path("output/.kept/old");
    std::filesystem::create_directories(folder.path("output/.kept"));
    for (auto& x : {mark, folder.path("output/old")})
      std::ofstream{x} << "";
    std::filesystem::last_write_time(
      mark, std::filesystem::file_time_type::clock::now() - 24h);
  }

  /// Whether the SUPERVISOR answers meanwhile as it does else. Compared with
  /// the time without a hanging disk, since the machine may be busy.
  bool others_go_on() {
    auto beside = most_of(100);
    BOOST_TEST_MESSAGE(std::chrono::duration<double>(beside).count()
                       << " s, and "
                       << std::chrono::duration<double>(alone_).count()
                       << " s alone");
    return beside < alone_ + 100ms;
  }

  bool end_well(const std::vector<std::string>& ids) {
    return std::all_of(ids.begin(), ids.end(), [&](const std::string& id) {
      return wait_for_end(id) == "success" && harness::wait_until([&] {
               return receiver.about(id).size() == 1;
             });
    });
  }

  /// Whether no attempt's folder is left.
  bool is_tidy() {
    return harness::wait_until([&] {
      for (auto& place :
           std::filesystem::directory_iterator{folder.path("output/.work")})
        for (auto& x : std::filesystem::directory_iterator{place})
          if (x.is_directory())
            return false;
      return true;
    });
  }

private:
  std::string gate() const {
    return folder.path("hangs");
  }

  /// The time within which nine of ten questions are answered, one after the
  /// other: a busy machine may delay one.
  clock::duration most_of(int count) {
    auto output = worker().output();
    auto at = output.find("listens on port ");
    BOOST_REQUIRE(at != std::string::npos);
    httplib::Client client{"127.0.0.1", std::stoi(output.substr(at + 16))};
    std::vector<clock::duration> took;
    for (int i = 0; i < count; ++i) {
      auto begun = clock::now();
      auto got = client.Get("/status");
      BOOST_REQUIRE((got && got->status == 200));
      took.push_back(clock::now() - begun);
    }
    std::sort(took.begin(), took.end());
    return took[took.size() * 9 / 10];
  }

  clock::duration alone_{0};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_disk_that_hangs, fixture)

BOOST_AUTO_TEST_CASE(in_removals_holds_up_not_even_their_jobs) {
  start("unlinkat");
  hang();
  for (auto rounds = 0; rounds < 2; ++rounds)
    BOOST_TEST(end_well(submit_enough()), logs());
  BOOST_TEST(others_go_on());
  hang_no_more();
  BOOST_TEST(is_tidy());
  BOOST_TEST(stop_worker() == 0, logs());
}

BOOST_AUTO_TEST_CASE(in_making_folders_holds_up_nobody_else) {
  start("mkdirat");
  hang();
  auto ids = submit_enough();
  BOOST_TEST(come_to(ids, "status", "running"));
  BOOST_TEST(others_go_on());
  hang_no_more();
  BOOST_TEST(end_well(ids), logs());
  BOOST_TEST(is_tidy());
  BOOST_TEST(stop_worker() == 0, logs());
}

BOOST_AUTO_TEST_CASE(in_keeping_and_sweeping_results_holds_up_nobody_else) {
  leave_old_result();
  hang();
  start("renameat unlinkat", {{"RESULT_TTL", "3600"}});
  auto ids = submit_enough();
  BOOST_TEST(come_to(ids, "stage", "store"));
  BOOST_TEST(others_go_on());
  hang_no_more();
  BOOST_TEST(end_well(ids), logs());
  BOOST_TEST(is_tidy());
  BOOST_TEST(!std::filesystem::exists(folder.path("output/old")));
  BOOST_TEST(stop_worker() == 0, logs());
}

BOOST_AUTO_TEST_CASE(as_the_worker_ends_does_not_keep_it) {
  start("unlinkat");
  hang();
  BOOST_TEST(end_well(submit_enough()), logs());
  BOOST_TEST(stop_worker(20s) == 0, logs());
  hang_no_more();
}

BOOST_AUTO_TEST_SUITE_END()
