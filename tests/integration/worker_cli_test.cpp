// The worker's command line, as a person uses it.
#include "tests/support/certificates.hpp"
#include "tests/support/https_server.hpp"
#include "tests/support/small_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace std::chrono_literals;

namespace {

struct outcome {
  int code = -1;
  std::string text;
};

outcome run(std::vector<std::string> args,
            std::map<std::string, std::string> env = {},
            const std::string& program = "c3-render-worker") {
  harness::temp_folder folder;
  args.insert(args.begin(), PROGRAM_DIR "/" + program);
  harness::process child{args, std::move(env), folder.path("log")};
  auto code = child.wait_for_exit(20s).value_or(-1);
  return {code, child.output()};
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(worker_cli)

BOOST_AUTO_TEST_CASE(help_lists_options_and_settings) {
  auto got = run({"--help"});
  BOOST_TEST(got.code == 0);
  for (auto* part : {"--check-config", "--version", "GPU_IDLE_TIMEOUT",
                     "C3_API_KEY (required)", "Exit codes"})
    BOOST_TEST(contains(got.text, part), part);
}

BOOST_AUTO_TEST_CASE(each_program_tells_its_version_and_commit_in_one_line) {
  for (std::string program : {"c3-render-worker", "c3ctl", "c3-local-cloud",
                              "c3-decode", "c3-identify"}) {
    auto got = run({"--version"}, {}, program);
    BOOST_TEST(got.code == 0);
    BOOST_TEST(got.text.rfind(program + " 0.2.0 (", 0) == 0u, got.text);
    BOOST_TEST(contains(got.text, "commit "), got.text);
    BOOST_TEST(std::count(got.text.begin(), got.text.end(), '\n') == 1);
  }
}

BOOST_AUTO_TEST_CASE(an_unknown_option_is_a_usage_error) {
  BOOST_TEST(run({"--frobnicate"}).code == 2);
}

BOOST_AUTO_TEST_CASE(a_wrong_setting_is_one_line_and_exit_2) {
  auto got = run({}, {{"C3_API_KEY", "k"}, {"GPU_IDLE_TIMEOUT", "soon"}});
  BOOST_TEST(got.code == 2);
  BOOST_TEST(
    got.text
    == "c3-render-worker: GPU_IDLE_TIMEOUT must be a number of seconds "
       "from 0 to 1000000000 (got \"soon\")\n");
}

BOOST_AUTO_TEST_CASE(a_malformed_webhook_secret_is_one_line_and_exit_2) {
  auto got = run({}, {{"C3_API_KEY", "k"}, {"WEBHOOK_SECRET", "geheim"}});
  BOOST_TEST(got.code == 2);
  BOOST_TEST(contains(got.text, "WEBHOOK_SECRET must be whsec_"), got.text);
  BOOST_TEST(!contains(got.text, "geheim"));
}

BOOST_AUTO_TEST_CASE(all_faults_are_named_and_where_was_looked) {
  auto got = run({"--check-config"},
                 {{"MAX_GPUS", "abc"}, {"PORTRAIT_WORKFLOW", "/proc/none"}});
  BOOST_TEST(got.code == 2);
  for (auto* part :
       {"C3_API_KEY is not set (looked in the environment and in /",
        ".env, which is not there)",
        "MAX_GPUS must be a whole number from 1 to 1000 (got \"abc\")",
        "PORTRAIT_WORKFLOW: /proc/none cannot be read"})
    BOOST_TEST(contains(got.text, part), got.text);
}

BOOST_AUTO_TEST_CASE(a_workflow_of_the_page_is_refused) {
  harness::temp_folder folder;
  std::ofstream{folder.path("w.json")} << R"({"nodes": [], "links": []})";
  std::ofstream{folder.path("v.json")} << R"({"1": {"class_type": "X"}})";
  for (auto& [name, why] : {std::pair{"w.json", "API format"},
                            std::pair{"v.json", "no LoadImage node"}}) {
    auto got = run({}, {{"C3_API_KEY", "k"},
                        {"OUTPUT_DIR", folder.path("out")},
                        {"PORTRAIT_WORKFLOW", folder.path(name)}});
    BOOST_TEST(got.code == 2);
    BOOST_TEST(contains(got.text, why), got.text);
  }
}

BOOST_AUTO_TEST_CASE(an_output_dir_that_cannot_be_made_is_a_wrong_setting) {
  auto got = run({}, {{"C3_API_KEY", "k"}, {"OUTPUT_DIR", "/proc/nowhere"}});
  BOOST_TEST(got.code == 2);
  BOOST_TEST(contains(got.text, "OUTPUT_DIR"));
}

BOOST_AUTO_TEST_CASE(check_config_says_what_answers_and_hides_secrets) {
  harness::small_world world;
  auto& child = world.start_worker({});
  BOOST_TEST(child.running());
  auto env = world.worker_env();
  auto good = run({"--check-config"}, env);
  BOOST_TEST(good.code == 0, good.text);
  BOOST_TEST(contains(good.text, "Redis: ok"));
  BOOST_TEST(contains(good.text, "Comput3: ok"));
  BOOST_TEST(contains(good.text, "Storage: ok"));
  BOOST_TEST(contains(good.text, "Programs: ok"), good.text);
  BOOST_TEST(contains(good.text, "C3_API_KEY=********"));
  BOOST_TEST(!contains(good.text, "C3_API_KEY=local"));
  BOOST_TEST(contains(good.text, "Workload types: ok"), good.text);
  BOOST_TEST(contains(good.text, "Balance: "), good.text);
  auto nowhere = world.folder.path("made/by/nobody");
  env["OUTPUT_DIR"] = nowhere;
  env["CSM_WORKLOAD"] = "bogus";
  auto typo = run({"--check-config"}, env);
  BOOST_TEST(typo.code == 1, typo.text);
  BOOST_TEST(contains(typo.text, "the provider has no bogus for csm jobs"),
             typo.text);
  BOOST_TEST(!std::filesystem::exists(world.folder.path("made")));
  env["CSM_WORKLOAD"] = "media:fast";
  env["C3_API_KEY"] = "wrong-key";
  env["REDIS_PORT"] = "1";
  auto bad = run({"--check-config"}, env);
  BOOST_TEST(bad.code == 1, bad.text);
  BOOST_TEST(contains(bad.text, "Redis: FAILED"));
  BOOST_TEST(contains(bad.text, "Comput3: FAILED"));
  BOOST_TEST(!contains(bad.text, "wrong-key"));
  BOOST_TEST(world.stop_worker() == 0);
}

BOOST_AUTO_TEST_CASE(check_config_fails_where_the_start_would) {
  harness::small_world world;
  world.start_worker({});
  auto check = [&](std::map<std::string, std::string> more) {
    for (auto& [name, value] : world.worker_env())
      more.emplace(name, value);
    auto got = run({"--check-config"}, more);
    BOOST_TEST(got.code == 1, got.text);
    return got.text;
  };
  auto said = check({{"OUTPUT_DIR", "/proc/nowhere"}});
  BOOST_TEST(contains(said, "Folder: FAILED"), said);
  said = check({{"JOURNAL_DIR", "/proc/nowhere"}});
  BOOST_TEST(contains(said, "Journal: FAILED, JOURNAL_DIR: /proc/nowhere"),
             said);
  said = check({{"WEB_ADDRESS", "127.0.0.1:0"}, {"WEB_KEYS_FILE", "/proc/no"}});
  BOOST_TEST(contains(said, "HTTP service: FAILED, WEB_KEYS_FILE"), said);
  said = check({{"WEB_ADDRESS", "0.0.0.0:8095"}});
  BOOST_TEST(contains(said, "HTTP service: FAILED, WEB_ADDRESS"), said);
  said = check({{"PATH", world.folder.path()}});
  BOOST_TEST(contains(said, "Programs: FAILED, ffmpeg"), said);
  BOOST_TEST(world.stop_worker() == 0);
}

BOOST_AUTO_TEST_CASE(an_authority_of_ones_own_is_named_as_for_python) {
  harness::certificates authority;
  harness::https_server api{authority.make("api", "IP:127.0.0.1")};
  harness::temp_folder folder;
  auto check = [&](std::map<std::string, std::string> more) {
    more.insert({{"C3_API_KEY", "k"},
                 {"C3_API_URL", api.url()},
                 {"REDIS_PORT", "1"},
                 {"OUTPUT_DIR", folder.path()}});
    return run({"--check-config", "--env-file", "/dev/null"}, more).text;
  };
  for (auto* name : {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"}) {
    auto said = check({{name, authority.ca()}});
    // It was understood that this is no provider.
    BOOST_TEST(contains(said, "Comput3: FAILED"), said);
    BOOST_TEST(!contains(said, "certificate problem"), said);
  }
  auto said = check({});
  BOOST_TEST(contains(said, "certificate problem"), said);
}

BOOST_AUTO_TEST_CASE(the_healthcheck_asks_the_status_port) {
  harness::small_world world;
  auto address = "127.0.0.1:" + std::to_string(harness::free_port());
  world.start_worker({{"STATUS_ADDRESS", address}});
  auto env = world.worker_env();
  BOOST_TEST(harness::wait_until(
    [&] {
      return run({"--healthcheck"}, env).code == 0;
    },
    10s));
  BOOST_TEST(world.stop_worker() == 0);
  BOOST_TEST(run({"--healthcheck"}, env).code == 1);
}

BOOST_AUTO_TEST_SUITE_END()
