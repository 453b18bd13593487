// Where attempts work, and what a dead worker has left there.
#include "actors/renderer/work_folders.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/test/unit_test.hpp>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <future>

using namespace render;
using namespace std::literals;
namespace fs = std::filesystem;

namespace {

/// Files of this name cannot be removed while this is set.
std::atomic<bool> hangs{false};
constexpr auto stuck = "stuck"sv;

double now() {
  return std::chrono::duration<double>(
           std::chrono::system_clock::now().time_since_epoch())
    .count();
}

struct fixture {
  ~fixture() {
    hangs = false;
  }

  std::shared_ptr<folder_keeper> open(const std::string& place,
                                      double now_s = now(),
                                      disk_work how = disk_work::at_once) {
    auto out = open_work_folders(temp.path("out"), place, now_s, how);
    BOOST_REQUIRE_MESSAGE(out, out.error().message);
    return *out;
  }

  /// Within ten seconds.
  static result<std::string> make(folder_keeper& x, const std::string& name) {
    auto got = std::make_shared<std::promise<result<std::string>>>();
    x.make(name, [got](result<std::string> path) {
      got->set_value(std::move(path));
    });
    auto out = got->get_future();
    BOOST_REQUIRE((out.wait_for(10s) == std::future_status::ready));
    return out.get();
  }

  void write(const std::string& path) {
    fs::create_directories(fs::path{temp.path(path)}.parent_path());
    std::ofstream{temp.path(path)} << "x";
  }

  bool there(const std::string& path) {
    return fs::exists(temp.path(path));
  }

  bool goes_away(const std::string& path) {
    for (int i = 0; i < 10'000 && there(path); ++i)
      usleep(1'000);
    return !there(path);
  }

  harness::temp_folder temp;
};

} // namespace

// In place of the C library's: no file system of a test hangs.
extern "C" int unlinkat(int folder, const char* name, int flags) {
  while (hangs && name == stuck)
    usleep(1'000);
  return static_cast<int>(::syscall(SYS_unlinkat, folder, name, flags));
}

BOOST_FIXTURE_TEST_SUITE(a_place_for_work, fixture)

BOOST_AUTO_TEST_CASE(has_a_folder_for_each_attempt) {
  auto x = open("w1");
  auto path = make(*x, "a-1");
  BOOST_REQUIRE(path);
  BOOST_TEST(*path == temp.path("out/.work/w1/a-1"));
  write("out/.work/w1/a-1/input");
  BOOST_TEST(make(*x, "a-1").value() == *path);
  x->remove("a-1");
  BOOST_TEST(!there("out/.work/w1/a-1"));
  BOOST_TEST((fs::status(temp.path("out/.work/w1")).permissions()
              == fs::perms::owner_all));
}

// An absolute name replaced the path, "../" climbed out of it, and a NUL cut
// off what was put behind it: the folder named was emptied and removed.
BOOST_AUTO_TEST_CASE(is_not_left_by_a_name) {
  write("victim-1/precious");
  write("out/keep-1/precious");
  auto x = open("w1");
  for (auto& name : {temp.path("victim-1"), "../../keep-1"s, ".."s,
                     temp.path("victim-1") + "\0-1"s}) {
    BOOST_TEST(!make(*x, name));
    x->remove(name);
  }
  BOOST_TEST(there("victim-1/precious"));
  BOOST_TEST(there("out/keep-1/precious"));
}

BOOST_AUTO_TEST_CASE(is_refused_where_work_is_a_symbolic_link) {
  write("elsewhere/precious");
  fs::create_directories(temp.path("out"));
  fs::create_directory_symlink(temp.path("elsewhere"), temp.path("out/.work"));
  auto x = open_work_folders(temp.path("out"), "w1", now(), disk_work::at_once);
  BOOST_REQUIRE(!x);
  BOOST_TEST((x.error().kind == failure_kind::invalid_input));
  BOOST_TEST(x.error().message.find("OUTPUT_DIR: ") == 0u);
  BOOST_TEST(!there("elsewhere/w1"));
}

BOOST_AUTO_TEST_CASE(is_gone_when_its_worker_ends) {
  make(*open("w1"), "a-1").value();
  BOOST_TEST(!there("out/.work/w1"));
}

BOOST_AUTO_TEST_CASE(is_made_anew_when_somebody_has_tidied_up) {
  auto x = open("w1");
  fs::remove_all(temp.path("out"));
  BOOST_TEST(make(*x, "a-1").has_value());
  BOOST_TEST(there("out/.work/w1/a-1"));
  open("w2");
  BOOST_TEST(there("out/.work/w1/a-1"));
}

BOOST_AUTO_TEST_CASE(of_a_killed_worker_is_swept_and_of_a_living_one_not) {
  auto living = open("living");
  make(*living, "a-1").value();
  auto child = ::fork();
  if (child == 0) {
    auto dead = open_work_folders(temp.path("out"), "dead", now(),
                                  disk_work::at_once);
    if (dead)
      (*dead)->make("b-1", [](const result<std::string>&) {});
    ::kill(::getpid(), SIGKILL);
  }
  ::waitpid(child, nullptr, 0);
  BOOST_TEST(there("out/.work/dead/b-1"));
  open("next");
  BOOST_TEST(!there("out/.work/dead"));
  BOOST_TEST(there("out/.work/living/a-1"));
}

BOOST_AUTO_TEST_CASE(of_an_earlier_version_is_swept_after_a_day) {
  write("out/.work/a-1/input");
  open("w1", now() + 80'000);
  BOOST_TEST(there("out/.work/a-1/input"));
  open("w1", now() + 90'000);
  BOOST_TEST(!there("out/.work/a-1"));
}

BOOST_AUTO_TEST_CASE(is_made_and_removed_on_threads) {
  auto x = open("w1", now(), disk_work::on_threads);
  auto path = make(*x, "a-1");
  BOOST_TEST(path.value() == temp.path("out/.work/w1/a-1"));
  x->remove("a-1");
  BOOST_TEST(goes_away("out/.work/w1/a-1"));
  x = nullptr;
  BOOST_TEST(!there("out/.work/w1"));
}

// A job that was given back is claimed again under the same name.
BOOST_AUTO_TEST_CASE(gives_a_new_folder_while_the_old_one_is_removed) {
  auto x = open("w1", now(), disk_work::on_threads);
  make(*x, "a-1").value();
  write("out/.work/w1/a-1/stuck");
  hangs = true;
  x->remove("a-1");
  BOOST_TEST(make(*x, "a-1").has_value());
  BOOST_TEST(!there("out/.work/w1/a-1/stuck"));
  write("out/.work/w1/a-1/input");
  BOOST_TEST(there("out/.work/w1/.gone.1/stuck"));
  hangs = false;
  BOOST_TEST(goes_away("out/.work/w1/.gone.1"));
  BOOST_TEST(there("out/.work/w1/a-1/input"));
}

BOOST_AUTO_TEST_CASE(on_a_disk_that_hangs_is_left_to_the_next_start) {
  auto child = ::fork();
  if (child == 0) {
    auto x = open_work_folders(temp.path("out"), "w1", now(),
                               disk_work::on_threads);
    if (x)
      make(**x, "a-1");
    write("out/.work/w1/a-1/stuck");
    hangs = true;
    auto begun = std::chrono::steady_clock::now();
    x = fail(failure_kind::internal, "");
    ::_exit(std::chrono::steady_clock::now() - begun < 8s ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  BOOST_TEST(status == 0);
  BOOST_TEST(there("out/.work/w1/a-1/stuck"));
  open("w2");
  BOOST_TEST(!there("out/.work/w1"));
}

BOOST_AUTO_TEST_SUITE_END()
