// Results that stay in OUTPUT_DIR, and how long.
#include "actors/io/object_store/kept_results.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <fstream>

using namespace render;
using namespace std::literals;
namespace fs = std::filesystem;

namespace {

constexpr double week = 604'800;

double now() {
  return std::chrono::duration<double>(
           std::chrono::system_clock::now().time_since_epoch())
    .count();
}

struct fixture {
  void write(const std::string& path) {
    std::ofstream{temp.path(path)} << path;
  }

  result<std::string> keep(const std::string& name) {
    write("made");
    return kept_results::keep(temp.path("out"),
                              {temp.path("made"), name, "audio/mpeg", {}});
  }

  bool there(const std::string& path) {
    return fs::exists(fs::symlink_status(temp.path(path)));
  }

  harness::temp_folder temp;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_result, fixture)

BOOST_AUTO_TEST_CASE(moves_into_the_folder) {
  BOOST_TEST(keep("a.mp3").value() == temp.path("out/a.mp3"));
  BOOST_TEST(!there("made"));
  BOOST_TEST(keep("a.mp3").has_value());
}

BOOST_AUTO_TEST_CASE(goes_nowhere_else) {
  fs::create_directories(temp.path("out"));
  write("precious");
  for (auto& name : {"../precious"s, temp.path("precious"), ".."s, "a/b"s})
    BOOST_TEST(!keep(name));
  fs::create_symlink(temp.path("precious"), temp.path("out/a.mp3"));
  BOOST_TEST(keep("a.mp3").has_value());
  BOOST_TEST(!fs::is_symlink(temp.path("out/a.mp3")));
  BOOST_TEST(fs::file_size(temp.path("precious")) == 8u);
}

BOOST_AUTO_TEST_CASE(is_removed_when_its_time_has_passed) {
  keep("a.mp3").value();
  BOOST_TEST(kept_results::sweep(temp.path("out"), week, now() + week - 60, 10)
             == 0u);
  BOOST_TEST(there("out/a.mp3"));
  BOOST_TEST(kept_results::sweep(temp.path("out"), week, now() + week + 60, 10)
             == 1u);
  BOOST_TEST(!there("out/a.mp3"));
  BOOST_TEST(kept_results::sweep(temp.path("out"), week, now() + 2 * week, 10)
             == 0u);
}

BOOST_AUTO_TEST_CASE(of_somebody_else_stays) {
  keep("a.mp3").value();
  write("out/b.mp3");
  fs::create_directories(temp.path("out/c.mp3"));
  kept_results::sweep(temp.path("out"), week, now() + 2 * week, 10);
  BOOST_TEST(there("out/b.mp3"));
  BOOST_TEST(there("out/c.mp3"));
}

BOOST_AUTO_TEST_CASE(is_swept_by_few_at_a_time) {
  for (auto* name : {"a", "b", "c"})
    keep(name).value();
  BOOST_TEST(kept_results::sweep(temp.path("out"), week, now() + 2 * week, 2)
             == 2u);
  BOOST_TEST(kept_results::sweep(temp.path("out"), week, now() + 2 * week, 2)
             == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
