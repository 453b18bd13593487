// Results that c3ctl brings here: the URL is a stranger's word.
#include "app/ctl/download.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <sstream>

using namespace render;
namespace fs = std::filesystem;

namespace {

struct fixture {
  fixture() {
    fs::create_directories(temp.path("there"));
    fs::create_directories(temp.path("here"));
  }

  std::string url_of(const std::string& name) {
    std::ofstream{temp.path("there/" + name)} << "result";
    return "file://" + temp.path("there/" + name);
  }

  std::string text(const std::string& path) {
    std::stringstream out;
    out << std::ifstream{temp.path(path)}.rdbuf();
    return out.str();
  }

  size_t files_here() {
    auto all = fs::directory_iterator{temp.path("here")};
    return static_cast<size_t>(std::distance(begin(all), end(all)));
  }

  harness::temp_folder temp;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_download, fixture)

BOOST_AUTO_TEST_CASE(into_a_folder_has_the_name_of_the_url) {
  auto got = ctl::download(url_of("a.mp3"), temp.path("here"));
  BOOST_REQUIRE_MESSAGE(got, got.error().message);
  BOOST_TEST(*got == temp.path("here/a.mp3"));
  BOOST_TEST(text("here/a.mp3") == "result");
  BOOST_TEST(files_here() == 1u);
}

BOOST_AUTO_TEST_CASE(makes_no_hidden_file_and_no_option) {
  for (auto* name : {".bashrc", "-rf"}) {
    auto got = ctl::download(url_of(name), temp.path("here"));
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().kind == failure_kind::invalid_input));
  }
  for (auto* url : {"http://127.0.0.1", "http://127.0.0.1/", "x"})
    BOOST_TEST(!ctl::download(url, temp.path("here")));
  BOOST_TEST(files_here() == 0u);
}

BOOST_AUTO_TEST_CASE(writes_over_nothing_that_the_url_names) {
  std::ofstream{temp.path("here/a.mp3")} << "mine";
  auto got = ctl::download(url_of("a.mp3"), temp.path("here"));
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().message
             == temp.path("here/a.mp3") + " is there already");
  BOOST_TEST(text("here/a.mp3") == "mine");
  BOOST_TEST(files_here() == 1u);
  // A half file of somebody else, or a link in its place, stays as well.
  std::ofstream{temp.path("here/b.mp3.part")} << "mine";
  BOOST_TEST(!ctl::download(url_of("b.mp3"), temp.path("here")));
  BOOST_TEST(text("here/b.mp3.part") == "mine");
}

BOOST_AUTO_TEST_CASE(writes_over_what_the_user_has_named) {
  std::ofstream{temp.path("here/a.mp3")} << "old";
  BOOST_TEST(
    ctl::download(url_of("a.mp3"), temp.path("here/a.mp3")).has_value());
  BOOST_TEST(text("here/a.mp3") == "result");
}

BOOST_AUTO_TEST_SUITE_END()
