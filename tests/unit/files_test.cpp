// What is opened and removed below a root, whatever stands there.
#include "actors/io/files/files.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/test/unit_test.hpp>
#include <sys/stat.h>

#include <fstream>

using namespace render;
using namespace std::literals;
namespace fs = std::filesystem;

namespace {

struct fixture {
  void write(const fs::path& path) {
    fs::create_directories(path.parent_path());
    std::ofstream{path} << "x";
  }

  harness::temp_folder temp;
  descriptor root = files::open_root(temp.path("root")).value();
  fs::path outside = temp.path("outside");
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(below_a_root, fixture)

BOOST_AUTO_TEST_CASE(folders_and_files_are_for_their_owner_alone) {
  auto before = ::umask(0);
  auto folder = files::open_folder(root, "a", files::missing::is_made);
  BOOST_REQUIRE(folder);
  BOOST_REQUIRE(files::open_file(*folder, "b"));
  ::umask(before);
  auto mode = [this](const std::string& name) {
    return fs::status(temp.path("root/" + name)).permissions();
  };
  BOOST_TEST((mode("a") == fs::perms::owner_all));
  BOOST_TEST((mode("a/b") == (fs::perms::owner_read | fs::perms::owner_write)));
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_missing_is_made_only_when_asked_for) {
  BOOST_TEST(!files::open_folder(root, "a", files::missing::is_an_error));
  BOOST_TEST(
    files::open_folder(root, "a", files::missing::is_made).has_value());
  BOOST_TEST(
    files::open_folder(root, "a", files::missing::is_an_error).has_value());
}

BOOST_AUTO_TEST_CASE(a_name_that_is_a_path_opens_nothing) {
  write(outside / "x");
  for (auto& name :
       {outside.string(), "../outside"s, ".."s, "."s, ""s, "a\0"s}) {
    auto got = files::open_folder(root, name, files::missing::is_made);
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().kind == failure_kind::invalid_input));
    BOOST_TEST(!files::open_file(root, name));
    files::remove_tree(root, name);
    BOOST_TEST(files::changed_s(root, name) < 0);
  }
  BOOST_TEST(fs::exists(outside / "x"));
  BOOST_TEST(fs::is_empty(temp.path("root")));
}

BOOST_AUTO_TEST_CASE(a_symbolic_link_is_not_followed) {
  write(outside / "x");
  fs::create_directory_symlink(outside, temp.path("root/link"));
  fs::create_symlink(outside / "x", temp.path("root/file"));
  BOOST_TEST(!files::open_folder(root, "link", files::missing::is_made));
  BOOST_TEST(!files::open_file(root, "file"));
  files::remove_tree(root, "link");
  files::remove_tree(root, "file");
  BOOST_TEST(fs::is_empty(temp.path("root")));
  BOOST_TEST(fs::exists(outside / "x"));
}

BOOST_AUTO_TEST_CASE(a_tree_goes_with_all_that_is_in_it_and_no_more) {
  write(outside / "x");
  write(temp.path("root/a/b/c"));
  write(temp.path("root/a/d"));
  write(temp.path("root/keep"));
  fs::create_directory_symlink(outside, temp.path("root/a/b/link"));
  files::remove_tree(root, "a");
  BOOST_TEST(!fs::exists(temp.path("root/a")));
  BOOST_TEST(fs::exists(temp.path("root/keep")));
  BOOST_TEST(fs::exists(outside / "x"));
}

BOOST_AUTO_TEST_SUITE_END()
