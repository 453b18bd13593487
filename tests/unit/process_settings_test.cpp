// Where a value comes from when several places could have it.
#include "app/cli/process_settings.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace render;

namespace {

struct world {
  harness::temp_folder folder;
  environment around{};

  std::string write(const std::string& name, const std::string& text) {
    auto path = folder.path(name);
    std::filesystem::create_directories(
      std::filesystem::path{path}.parent_path());
    std::ofstream{path, std::ios::binary} << text;
    return path;
  }

  void credential(const std::string& name, const std::string& text) {
    write("credentials/" + name, text);
    around["CREDENTIALS_DIRECTORY"] = folder.path("credentials");
  }

  result<cli::found_settings> read() const {
    return cli::read_settings(folder.path(".env"), false, around);
  }

  /// Empty: unset.
  std::string value(const std::string& name) const {
    auto got = read();
    BOOST_REQUIRE_MESSAGE(got, (got ? "" : got.error().message));
    auto at = got->env.find(name);
    return at == got->env.end() ? "" : at->second;
  }

  std::string trouble() const {
    auto got = read();
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().kind == failure_kind::invalid_input));
    return got.error().message;
  }
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(process_settings)

BOOST_AUTO_TEST_CASE(what_is_given_directly_wins) {
  world x;
  x.credential("C3_API_KEY", "by-credential\n");
  BOOST_TEST(x.value("C3_API_KEY") == "by-credential");
  x.around["C3_API_KEY_FILE"] = x.write("key", "by-file\r\n");
  BOOST_TEST(x.value("C3_API_KEY") == "by-file");
  x.write(".env", "C3_API_KEY=by-env-file\n");
  BOOST_TEST(x.value("C3_API_KEY") == "by-env-file");
  x.around["C3_API_KEY"] = "by-environment";
  BOOST_TEST(x.value("C3_API_KEY") == "by-environment");
}

BOOST_AUTO_TEST_CASE(an_empty_value_hides_no_credential) {
  world x;
  x.credential("C3_API_KEY", "key");
  x.around["C3_API_KEY"] = "";
  x.around["C3_API_KEY_FILE"] = "";
  x.write(".env", "C3_API_KEY=\n");
  BOOST_TEST(x.value("C3_API_KEY") == "key");
}

BOOST_AUTO_TEST_CASE(a_file_may_be_named_in_the_env_file_without_a_warning) {
  world x;
  x.write(".env", "REDIS_PASSWORD_FILE=" + x.write("password", "p w") + "\n");
  BOOST_TEST(x.value("REDIS_PASSWORD") == "p w");
  auto got = x.read();
  BOOST_TEST(got->warnings.size() == 0u);
  BOOST_TEST(!got->env.contains("REDIS_PASSWORD_FILE"));
}

BOOST_AUTO_TEST_CASE(only_secrets_have_a_file_variable) {
  auto names = cli::secret_file_variables();
  auto has = [&](const char* name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (auto* name : {"C3_API_KEY_FILE", "REDIS_PASSWORD_FILE", "REDIS_URL_FILE",
                     "MINIO_SECRET_KEY_FILE", "WEBHOOK_SECRET_FILE"})
    BOOST_TEST(has(name), name);
  BOOST_TEST(!has("MAX_GPUS_FILE"));
  for (auto& x : settings())
    BOOST_TEST(!has(std::string{x.name}.c_str()), x.name);
}

BOOST_AUTO_TEST_CASE(a_credential_that_is_a_file_gives_its_path) {
  world x;
  for (auto* name : {"WEB_KEYS_FILE", "REDIS_CA_FILE", "REDIS_KEY_FILE"}) {
    x.credential(name, "any\nlines\n");
    BOOST_TEST(x.value(name)
               == x.folder.path("credentials/") + std::string{name});
  }
  x.credential("MAX_GPUS", "7\n");
  BOOST_TEST(x.value("MAX_GPUS") == "7");
}

BOOST_AUTO_TEST_CASE(a_value_is_whole_text_or_stops_the_start) {
  world x;
  x.around["C3_API_KEY_FILE"] = x.folder.path("none");
  BOOST_TEST(x.trouble()
             == "C3_API_KEY: " + x.folder.path("none") + " cannot be read");
  x.around["C3_API_KEY_FILE"] = x.write("big", std::string(65'537, 'x'));
  BOOST_TEST(contains(x.trouble(), "is larger than 64 KiB"));
  x.write("big", std::string(65'536, 'x'));
  BOOST_TEST(x.value("C3_API_KEY").size() == 65'536u);
  x.around["C3_API_KEY_FILE"] = x.write("zero", std::string("a\0b", 3));
  BOOST_TEST(contains(x.trouble(), "is no text"));
  x.around["C3_API_KEY_FILE"] = x.folder.path(".");
  BOOST_TEST(contains(x.trouble(), "cannot be read"));
  x.around["C3_API_KEY_FILE"] = x.write("empty", "\n");
  BOOST_TEST(x.value("C3_API_KEY") == "");
}

BOOST_AUTO_TEST_CASE(results_lie_in_the_state_folder_of_a_unit) {
  world x;
  x.around["STATE_DIRECTORY"] = "/var/lib/c3-render-worker:/var/lib/other";
  BOOST_TEST(x.value("OUTPUT_DIR") == "/var/lib/c3-render-worker");
  x.around["OUTPUT_DIR"] = "/srv/results";
  BOOST_TEST(x.value("OUTPUT_DIR") == "/srv/results");
}

// As the unit reads it, and as a .env file.
BOOST_AUTO_TEST_CASE(the_sample_as_shipped_hides_neither_key_nor_folder) {
  std::ifstream in{PROJECT_DIR "/env.sample"};
  std::stringstream text;
  text << in.rdbuf();
  auto sample = read_env_file(text.str(), {});
  BOOST_REQUIRE(sample.values.contains("C3_API_KEY"));
  for (auto by_unit : {true, false}) {
    world x;
    if (by_unit)
      x.around = sample.values;
    else
      x.write(".env", text.str());
    x.around["STATE_DIRECTORY"] = "/var/lib/c3-render-worker";
    x.credential("C3_API_KEY", "key\n");
    x.credential("WEB_KEYS_FILE", "");
    BOOST_TEST(x.value("OUTPUT_DIR") == "/var/lib/c3-render-worker");
    BOOST_TEST(x.value("C3_API_KEY") == "key");
    BOOST_TEST(x.value("WEB_KEYS_FILE")
               == x.folder.path("credentials/WEB_KEYS_FILE"));
    auto got = x.read();
    BOOST_TEST(read_config(got->env).errors.size() == 0u);
  }
}

BOOST_AUTO_TEST_SUITE_END()
