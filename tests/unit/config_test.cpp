#include "app/worker/config.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <sstream>

using namespace render;

namespace {

environment
with(std::initializer_list<std::pair<const std::string, std::string>> more) {
  environment env{{"C3_API_KEY", "key"}};
  for (auto& [name, value] : more)
    env[name] = value;
  return env;
}

std::string error_of(const environment& env) {
  auto cfg = parse_config(env);
  return cfg ? std::string{} : cfg.error().message;
}

std::string slurp(const std::string& path) {
  std::ifstream in{path};
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

} // namespace

BOOST_AUTO_TEST_SUITE(config)

BOOST_AUTO_TEST_CASE(defaults_are_those_of_the_contract) {
  auto cfg = parse_config(with({}));
  BOOST_REQUIRE(cfg);
  BOOST_TEST(cfg->redis_host == "localhost");
  BOOST_TEST(cfg->redis_port == 6379);
  BOOST_TEST(cfg->output_dir == "/app/output");
  BOOST_TEST(cfg->gpu_idle_timeout.count() == 300);
  BOOST_TEST(cfg->pre_launch_min.count() == 15);
  BOOST_TEST(cfg->pre_launch_max.count() == 30);
  BOOST_TEST(cfg->max_render_time.count() == 1800);
  BOOST_TEST(cfg->polling_interval.count() == 5);
  BOOST_TEST(cfg->gpu_lifetime.count() == 7200);
  BOOST_TEST(cfg->gpu_replace_after.count() == 3600);
  BOOST_TEST(cfg->minio_bucket == "c3-render-output");
  BOOST_TEST(!cfg->minio_secure);
  BOOST_TEST(cfg->workload_of_kind.at(job_kind::csm) == "media:fast");
  BOOST_TEST(cfg->workload_of_kind.at(job_kind::analyze)
             == "ollama_webui:fast");
}

BOOST_AUTO_TEST_CASE(sentinels_are_a_list_of_addresses) {
  auto cfg = parse_config(with({{"REDIS_SENTINELS", "a:1,b,c:65535"}}));
  BOOST_REQUIRE(cfg);
  BOOST_REQUIRE(cfg->redis_sentinels.size() == 3u);
  BOOST_TEST(cfg->redis_sentinels[0].host == "a");
  BOOST_TEST(cfg->redis_sentinels[0].port == 1);
  BOOST_TEST(cfg->redis_sentinels[1].port == 26379);
  BOOST_TEST(cfg->redis_sentinel_master == "mymaster");
  for (auto* wrong : {",", "a:", ":1", "a:0", "a:1.5", "a:65536", "a,,b"})
    BOOST_TEST(error_of(with({{"REDIS_SENTINELS", wrong}}))
               == "REDIS_SENTINELS: got \"" + std::string{wrong}
                    + "\", accepted is host:port, more of them after commas");
}

BOOST_AUTO_TEST_CASE(the_api_key_is_required) {
  BOOST_TEST(error_of({}) == "C3_API_KEY is not set");
  BOOST_TEST(error_of({{"C3_API_KEY", ""}}) == "C3_API_KEY is not set");
}

BOOST_AUTO_TEST_CASE(a_wrong_value_names_the_variable_and_what_is_accepted) {
  BOOST_TEST(error_of(with({{"GPU_IDLE_TIMEOUT", "soon"}}))
             == "GPU_IDLE_TIMEOUT: got \"soon\", accepted is a number");
  BOOST_TEST(error_of(with({{"GPU_IDLE_TIMEOUT", "-1"}}))
             == "GPU_IDLE_TIMEOUT: got \"-1\", accepted is a number that is "
                "not negative");
  BOOST_TEST(error_of(with({{"MAX_RENDER_TIME", "nan"}}))
             == "MAX_RENDER_TIME: got \"nan\", accepted is a number");
  BOOST_TEST(error_of(with({{"REDIS_PORT", "70000"}}))
             == "REDIS_PORT: got \"70000\", accepted is a whole number from 1 "
                "to 65535");
  BOOST_TEST(error_of(with({{"MAX_GPUS", "1.5"}})).starts_with("MAX_GPUS: "));
  BOOST_TEST(error_of(with({{"MINIO_SECURE", "maybe"}}))
             == "MINIO_SECURE: got \"maybe\", accepted is true or false");
  BOOST_TEST(error_of(with({{"C3_NODE_URL", "http://x"}})).find("{node}")
             != std::string::npos);
  BOOST_TEST(error_of(with({{"STATUS_ADDRESS", "8090"}}))
             == "STATUS_ADDRESS: got \"8090\", accepted is host:port, or off");
  BOOST_TEST(error_of(with({{"LOG_FORMAT", "xml"}}))
             == "LOG_FORMAT: got \"xml\", accepted is one of text, json");
}

BOOST_AUTO_TEST_CASE(every_number_refuses_garbage_and_names_itself) {
  for (auto& x : settings()) {
    worker_config cfg;
    if (x.apply(cfg, "12x") || x.secret)
      continue; // Takes any text.
    BOOST_TEST(error_of(with({{std::string{x.name}, "12x"}}))
                 .starts_with(std::string{x.name} + ": "));
  }
}

BOOST_AUTO_TEST_CASE(a_min_above_its_max_is_refused) {
  BOOST_TEST(error_of(with({{"PRE_LAUNCH_TIMEOUT", "31"}}))
             == "PRE_LAUNCH_TIMEOUT is above PRE_LAUNCH_TIMEOUT_MAX");
  BOOST_TEST(error_of(with({{"DEFAULT_GPU_REPLACE", "7201"}}))
             == "DEFAULT_GPU_REPLACE is above DEFAULT_GPU_LAUNCH");
}

BOOST_AUTO_TEST_CASE(an_endpoint_without_keys_is_refused) {
  BOOST_TEST(error_of(with({{"MINIO_ENDPOINT", "minio:9000"}}))
               .starts_with("MINIO_ENDPOINT is set"));
}

BOOST_AUTO_TEST_CASE(strangers_urls_reach_nothing_private_by_default) {
  auto loopback = parse_ip("127.0.0.1").value();
  auto cfg = parse_config(with({}));
  BOOST_REQUIRE(cfg);
  BOOST_TEST(!cfg->allowed_private.permits("localhost", loopback));
  BOOST_TEST(!cfg->proxies_for_strangers);
  cfg = parse_config(with({{"ALLOW_PRIVATE_URLS", "127.0.0.0/8,::1"}}));
  BOOST_REQUIRE(cfg);
  BOOST_TEST(cfg->allowed_private.permits("localhost", loopback));
  BOOST_TEST(error_of(with({{"ALLOW_PRIVATE_URLS", "10.0.0.0/33"}}))
               .starts_with("ALLOW_PRIVATE_URLS: got"));
  BOOST_TEST(error_of(with({{"C3_NODE_DOMAIN", "a/b"}}))
               .starts_with("C3_NODE_DOMAIN: got"));
}

BOOST_AUTO_TEST_CASE(the_ways_out_are_those_of_the_old_worker) {
  auto cfg = parse_config(with({{"SSL_CERT_FILE", "/c"},
                                {"CURL_CA_BUNDLE", "/b"},
                                {"REQUESTS_CA_BUNDLE", "/a"},
                                {"HTTPS_PROXY", "http://p:1"}}));
  BOOST_REQUIRE(cfg);
  BOOST_TEST(cfg->ca_path == "/a");
  BOOST_TEST(cfg->proxies.https == "http://p:1");
  cfg = parse_config(with({{"SSL_CERT_FILE", "/c"}}));
  BOOST_TEST(cfg->ca_path == "/c");
}

BOOST_AUTO_TEST_CASE(fractions_of_a_second_are_accepted) {
  auto cfg = parse_config(with({{"PRE_LAUNCH_TIMEOUT", "0.25"}}));
  BOOST_REQUIRE(cfg);
  BOOST_TEST(cfg->pre_launch_min.count() == 0.25);
}

BOOST_AUTO_TEST_CASE(secrets_are_masked) {
  auto text = effective_config(with({{"MINIO_SECRET_KEY", "hush-hush"},
                                     {"REDIS_PASSWORD", "hush-hush"},
                                     {"C3_API_KEY", "hush-hush"}}));
  BOOST_TEST(text.find("hush") == std::string::npos);
  BOOST_TEST(text.find("C3_API_KEY=********\n") != std::string::npos);
  BOOST_TEST(text.find("REDIS_HOST=localhost\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_env_file_has_comments_quotes_and_export) {
  auto env = parse_env_file("# comment\n\nA=1\nexport B = two words \n"
                            "C='x # y'\nD=\"z\"\r\nE=1 # note\nF=a#b\nG=\n");
  BOOST_REQUIRE(env);
  BOOST_TEST((*env)["A"] == "1");
  BOOST_TEST((*env)["B"] == "two words");
  BOOST_TEST((*env)["C"] == "x # y");
  BOOST_TEST((*env)["D"] == "z");
  BOOST_TEST((*env)["E"] == "1");
  BOOST_TEST((*env)["F"] == "a#b");
  BOOST_TEST((*env)["G"] == "");
}

BOOST_AUTO_TEST_CASE(a_broken_env_file_names_the_line) {
  auto env = parse_env_file("A=1\nnonsense\n");
  BOOST_REQUIRE(!env);
  BOOST_TEST(env.error().message
             == "line 2: accepted is NAME=value, or a comment");
}

BOOST_AUTO_TEST_CASE(the_documents_name_every_variable_and_its_default) {
  auto sample = slurp(PROJECT_DIR "/env.sample");
  auto docs = slurp(PROJECT_DIR "/docs/configuration.md");
  for (auto& x : settings()) {
    BOOST_TEST(sample.find(std::string{x.name} + "=") != std::string::npos,
               x.name << " is missing in env.sample");
    BOOST_TEST(docs.find("`" + std::string{x.name} + "`") != std::string::npos,
               x.name << " is missing in docs/configuration.md");
  }
}

BOOST_AUTO_TEST_CASE(the_sample_is_a_valid_env_file) {
  auto env = parse_env_file(slurp(PROJECT_DIR "/env.sample"));
  BOOST_REQUIRE(env);
  (*env)["C3_API_KEY"] = "key";
  BOOST_TEST(parse_config(*env).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
