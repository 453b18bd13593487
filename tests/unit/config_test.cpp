#include "app/node/config.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <sstream>
#include <tuple>

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

BOOST_AUTO_TEST_CASE(what_may_be_spent_needs_prices) {
  auto all = "media:fast=1.20,ollama_webui:fast=0.3";
  auto cfg
    = parse_config(with({{"GPU_PRICES", all}, {"MAX_SPEND_PER_HOUR", "2.5"}}));
  BOOST_REQUIRE(cfg);
  BOOST_TEST(cfg->prices.at("media:fast") == 1'200'000);
  BOOST_TEST(cfg->spend_per_hour == 2'500'000);
  BOOST_TEST(cfg->spend_per_day == -1);
  BOOST_TEST(error_of(with(
               {{"GPU_PRICES", "media:fast=1.20"}, {"MAX_SPEND_PER_DAY", "9"}}))
             == "MAX_SPEND_PER_HOUR and MAX_SPEND_PER_DAY need a price of "
                "ollama_webui:fast in GPU_PRICES");
  BOOST_TEST(error_of(with({{"MAX_SPEND_PER_DAY", "0"}}))
             == "MAX_SPEND_PER_DAY must be a number of dollars above 0 (got "
                "\"0\")");
  BOOST_TEST(!error_of(with({{"GPU_PRICES", "media:fast"}})).empty());
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
    BOOST_TEST(
      error_of(with({{"REDIS_SENTINELS", wrong}}))
      == "REDIS_SENTINELS must be host:port, more of them after commas "
         "(got \""
           + std::string{wrong} + "\")");
}

BOOST_AUTO_TEST_CASE(the_api_key_is_required) {
  BOOST_TEST(error_of({}) == "C3_API_KEY is not set");
  BOOST_TEST(error_of({{"C3_API_KEY", ""}}) == "C3_API_KEY is not set");
}

BOOST_AUTO_TEST_CASE(a_wrong_value_names_the_variable_and_the_whole_rule) {
  auto rule = "GPU_IDLE_TIMEOUT must be a number of seconds from 0 to "
              "1000000000 (got \"";
  for (std::string wrong : {"soon", "-1", "nan", "1__0", "+-1", "1e10"})
    BOOST_TEST(error_of(with({{"GPU_IDLE_TIMEOUT", wrong}}))
               == rule + wrong + "\")");
  for (std::string wrong : {"abc", "-2", "1.5", "0", "1001"})
    BOOST_TEST(error_of(with({{"MAX_GPUS", wrong}}))
               == "MAX_GPUS must be a whole number from 1 to 1000 (got \""
                    + wrong + "\")");
  BOOST_TEST(error_of(with({{"MINIO_SECURE", "maybe"}}))
             == "MINIO_SECURE must be true or false (got \"maybe\")");
  BOOST_TEST(error_of(with({{"C3_NODE_URL", "http://x"}})).find("{node}")
             != std::string::npos);
  BOOST_TEST(error_of(with({{"STATUS_ADDRESS", "8090"}}))
             == "STATUS_ADDRESS must be host:port, or off (got \"8090\")");
  // Numbers for a setting in seconds, but not for whoever opens the port.
  for (std::string wrong : {"h:8e3", "h:+80", "h:8_0", "h:80.0", "h:.8e2",
                            "h: 80", "h:65536", "h:"})
    BOOST_TEST(error_of(with({{"STATUS_ADDRESS", wrong}}))
               == "STATUS_ADDRESS must be host:port, or off (got \"" + wrong
                    + "\")");
  BOOST_TEST(error_of(with({{"LOG_FORMAT", "xml"}}))
             == "LOG_FORMAT must be one of text, json (got \"xml\")");
}

BOOST_AUTO_TEST_CASE(all_that_is_wrong_is_named) {
  auto found = read_config({{"MAX_GPUS", "x"}, {"LOG_FORMAT", "y"}});
  BOOST_TEST(found.errors.size() == 3u);
}

BOOST_AUTO_TEST_CASE(a_webhook_secret_that_is_none_is_refused_unshown) {
  for (auto* wrong : {"geheim", "secretly", "MfKQ9r8GKYqr", "whsec_",
                      "whsec_MfKQ9r8GKYqr geheim"})
    BOOST_TEST(error_of(with({{"WEBHOOK_SECRET", wrong}}))
               == "WEBHOOK_SECRET must be whsec_ followed by base64, more of "
                  "them after spaces");
  BOOST_TEST(error_of(with({{"WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqr"}})) == "");
}

BOOST_AUTO_TEST_CASE(numbers_are_read_as_the_python_worker_reads_them) {
  for (auto* text : {" 300", "300 ", "+300", "3_00", "\t300\r", "300.0"}) {
    auto cfg = parse_config(with({{"GPU_IDLE_TIMEOUT", text}}));
    BOOST_REQUIRE_MESSAGE(cfg, text);
    BOOST_TEST(cfg->gpu_idle_timeout.count() == 300);
  }
  BOOST_TEST(parse_config(with({{"REDIS_HOST", " redis "}}))->redis_host
             == "redis");
  BOOST_TEST(parse_config(with({{"REDIS_PASSWORD", " x "}}))->redis_password
             == " x ");
}

BOOST_AUTO_TEST_CASE(one_of_a_pair_set_alone_takes_the_other_along) {
  for (auto& [name, value, other] :
       {std::tuple{"DEFAULT_GPU_LAUNCH", "1800", "DEFAULT_GPU_REPLACE"},
        std::tuple{"DEFAULT_GPU_REPLACE", "9000", "DEFAULT_GPU_LAUNCH"},
        std::tuple{"PRE_LAUNCH_TIMEOUT", "60", "PRE_LAUNCH_TIMEOUT_MAX"},
        std::tuple{"PRE_LAUNCH_TIMEOUT_MAX", "5", "PRE_LAUNCH_TIMEOUT"}}) {
    auto found = read_config(with({{name, value}}));
    BOOST_TEST(found.errors.empty());
    BOOST_REQUIRE_EQUAL(found.warnings.size(), 1u);
    BOOST_TEST(found.warnings[0].starts_with(std::string{other}
                                             + " is taken as " + value));
    BOOST_TEST(found.in_force.at(other) == value);
  }
  auto cfg = parse_config(with({{"DEFAULT_GPU_LAUNCH", "1800"}}));
  BOOST_TEST(cfg->gpu_replace_after.count() == 1800);
}

// As env.sample names all settings, with their defaults.
BOOST_AUTO_TEST_CASE(one_of_a_pair_set_beside_the_others_default_wins) {
  for (auto& [name, value, other, same] :
       {std::tuple{"DEFAULT_GPU_LAUNCH", "1800", "DEFAULT_GPU_REPLACE", "3600"},
        std::tuple{"DEFAULT_GPU_REPLACE", "9000", "DEFAULT_GPU_LAUNCH",
                   "7_200.0"},
        std::tuple{"PRE_LAUNCH_TIMEOUT", "60", "PRE_LAUNCH_TIMEOUT_MAX", "30"},
        std::tuple{"PRE_LAUNCH_TIMEOUT_MAX", "5", "PRE_LAUNCH_TIMEOUT",
                   "15"}}) {
    auto found = read_config(with({{name, value}, {other, same}}));
    BOOST_TEST(found.errors.empty(), name);
    BOOST_REQUIRE_EQUAL(found.warnings.size(), 1u);
    BOOST_TEST(found.warnings[0].starts_with(std::string{other}
                                             + " is taken as " + value));
    BOOST_TEST(found.in_force.at(other) == value);
  }
}

BOOST_AUTO_TEST_CASE(a_render_is_never_given_no_time) {
  for (auto* text : {"0", "0.5"}) {
    auto found = read_config(with({{"MAX_RENDER_TIME", text}}));
    BOOST_TEST(found.errors.empty());
    BOOST_REQUIRE_EQUAL(found.warnings.size(), 1u);
    BOOST_TEST(found.warnings[0].starts_with("MAX_RENDER_TIME is taken as "
                                             "1800: "));
    BOOST_TEST(found.config.max_render_time.count() == 1800);
    BOOST_TEST(found.in_force.at("MAX_RENDER_TIME") == "1800");
  }
  BOOST_TEST(read_config(with({{"MAX_RENDER_TIME", "1"}})).warnings.empty());
  BOOST_TEST(error_of(with({{"MAX_RENDER_TIME", "-1"}}))
               .starts_with("MAX_RENDER_TIME must be "));
}

BOOST_AUTO_TEST_CASE(a_gpu_is_rented_for_two_minutes_at_least) {
  for (auto* text : {"0", "119"}) {
    auto found = read_config(with({{"DEFAULT_GPU_LAUNCH", text}}));
    BOOST_TEST(found.errors.empty());
    BOOST_REQUIRE_EQUAL(found.warnings.size(), 2u);
    BOOST_TEST(found.warnings[0].starts_with("DEFAULT_GPU_LAUNCH is taken as "
                                             "120: "));
    BOOST_TEST(found.warnings[1].starts_with("DEFAULT_GPU_REPLACE is taken as "
                                             "120: "));
    BOOST_TEST(found.config.gpu_lifetime.count() == 120);
    BOOST_TEST(found.config.gpu_replace_after.count() == 120);
  }
  BOOST_TEST(error_of(with({{"DEFAULT_GPU_LAUNCH", "-1"}}))
               .starts_with("DEFAULT_GPU_LAUNCH must be "));
}

BOOST_AUTO_TEST_CASE(a_render_is_looked_at_ten_times_a_second_at_most) {
  auto found = read_config(with({{"RENDER_POLLING_INTERVAL", "0"}}));
  BOOST_TEST(found.errors.empty());
  BOOST_TEST(found.warnings.size() == 1u);
  BOOST_TEST(found.config.polling_interval.count() == 0.1);
}

BOOST_AUTO_TEST_CASE(every_number_refuses_garbage_and_names_itself) {
  for (auto& x : settings()) {
    worker_config cfg;
    if (x.apply(cfg, "12x") || x.secret)
      continue; // Takes any text.
    BOOST_TEST(error_of(with({{std::string{x.name}, "12x"}}))
                 .starts_with(std::string{x.name} + " must be "));
  }
}

BOOST_AUTO_TEST_CASE(a_min_above_its_max_is_refused_when_both_are_chosen) {
  BOOST_TEST(error_of(with({{"PRE_LAUNCH_TIMEOUT", "32"},
                            {"PRE_LAUNCH_TIMEOUT_MAX", "31"}}))
             == "PRE_LAUNCH_TIMEOUT must not be above PRE_LAUNCH_TIMEOUT_MAX "
                "(got 32 and 31)");
  BOOST_TEST(error_of(with({{"DEFAULT_GPU_REPLACE", "7202"},
                            {"DEFAULT_GPU_LAUNCH", "7201"}}))
             == "DEFAULT_GPU_REPLACE must not be above DEFAULT_GPU_LAUNCH "
                "(got 7202 and 7201)");
}

BOOST_AUTO_TEST_CASE(a_storage_that_is_set_in_part_is_left_out) {
  environment whole = with({{"MINIO_ENDPOINT", "minio:9000"},
                            {"MINIO_ACCESS_KEY", "a"},
                            {"MINIO_SECRET_KEY", "s"}});
  BOOST_TEST(read_config(whole).config.minio_endpoint == "minio:9000");
  BOOST_TEST(read_config(whole).warnings.empty());
  for (auto* empty : {"MINIO_ACCESS_KEY", "MINIO_SECRET_KEY", "MINIO_BUCKET"}) {
    auto env = whole;
    env[empty] = "";
    auto found = read_config(env);
    BOOST_TEST(found.errors.empty());
    BOOST_TEST(found.config.minio_endpoint == "");
    BOOST_REQUIRE_EQUAL(found.warnings.size(), 1u);
    BOOST_TEST(found.warnings[0].find(empty) != std::string::npos);
  }
  // As compose passes it where nothing is set.
  BOOST_TEST(read_config(with({{"MINIO_ENDPOINT", ""}, {"MINIO_BUCKET", ""}}))
               .warnings.empty());
}

BOOST_AUTO_TEST_CASE(a_public_address_needs_no_scheme) {
  auto of = [](const std::string& x) {
    return parse_config(with({{"MINIO_PUBLIC_URL", x}}))->minio_public_url;
  };
  BOOST_TEST(of("files.example:9000") == "http://files.example:9000");
  BOOST_TEST(of("https://files.example/") == "https://files.example");
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
               .starts_with("ALLOW_PRIVATE_URLS must be"));
  BOOST_TEST(error_of(with({{"C3_NODE_DOMAIN", "a/b"}}))
               .starts_with("C3_NODE_DOMAIN must be"));
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

BOOST_AUTO_TEST_CASE(a_worker_has_no_cluster_unless_told) {
  auto cfg = parse_config(with({}));
  BOOST_REQUIRE(cfg);
  BOOST_TEST(cfg->cluster_listen.port == 0);
  BOOST_TEST(cfg->cluster_peers.empty());
  BOOST_TEST(cfg->cluster_name == "c3");
  BOOST_TEST(error_of(with({{"C3_CLUSTER_PEERS", "a:1"}}))
             == "C3_CLUSTER_PEERS needs C3_CLUSTER_LISTEN, where the others "
                "reach this worker");
}

BOOST_AUTO_TEST_CASE(a_cluster_has_an_address_and_peers) {
  auto cfg = parse_config(
    with({{"C3_CLUSTER_LISTEN", "localhost:7400"},
          {"C3_CLUSTER_PEERS", "a.b:1, 10.0.0.1:2,[::1]:65535"}}));
  BOOST_REQUIRE(cfg);
  BOOST_TEST((cfg->cluster_listen == network_address{"127.0.0.1", 7400}));
  BOOST_REQUIRE(cfg->cluster_peers.size() == 3u);
  BOOST_TEST((cfg->cluster_peers[0] == network_address{"a.b", 1}));
  BOOST_TEST((cfg->cluster_peers[1] == network_address{"10.0.0.1", 2}));
  BOOST_TEST((cfg->cluster_peers[2] == network_address{"::1", 65535}));
  for (auto* wrong : {"7400", "a.b:7400", "10.0.0.1:0", "::1:1", "10.0.0.1"})
    BOOST_TEST(error_of(with({{"C3_CLUSTER_LISTEN", wrong}}))
                 .starts_with("C3_CLUSTER_LISTEN must be an IP address"),
               wrong);
  for (auto* wrong : {",", "a", "a:0", "a:1,,b:1", "a:1 b:2"})
    BOOST_TEST(error_of(with({{"C3_CLUSTER_LISTEN", "127.0.0.1:1"},
                              {"C3_CLUSTER_PEERS", wrong}}))
                 .starts_with("C3_CLUSTER_PEERS must be host:port"),
               wrong);
}

BOOST_AUTO_TEST_CASE(a_cluster_port_open_to_others_needs_the_operators_word) {
  for (auto* near : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"})
    BOOST_TEST(error_of(with({{"C3_CLUSTER_LISTEN", near}})).empty(), near);
  for (auto* far : {"10.0.0.1:1", "0.0.0.0:1", "[::]:1", "[fd00::1]:1"}) {
    auto listen = std::pair<const std::string, std::string>{"C3_CLUSTER_LISTEN",
                                                            far};
    BOOST_TEST(error_of(with({listen})).find("C3_CLUSTER_TRUSTED_NETWORK=yes")
                 != std::string::npos,
               far);
    BOOST_TEST(error_of(with({listen, {"C3_CLUSTER_TRUSTED_NETWORK", "no"}}))
               != "");
    BOOST_TEST(error_of(with({listen, {"C3_CLUSTER_TRUSTED_NETWORK", "yes"}}))
               == "");
  }
  BOOST_TEST(error_of(with({{"C3_CLUSTER_TRUSTED_NETWORK", "1"}}))
             == "C3_CLUSTER_TRUSTED_NETWORK must be yes or no (got \"1\")");
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

BOOST_AUTO_TEST_CASE(a_password_within_a_url_is_masked) {
  auto text = effective_config(
    with({{"C3_API_URL", "https://me:hu@sh@api.example/v0?a=b@c"},
          {"MINIO_PUBLIC_URL", "http://hush@s3.example"},
          {"MINIO_ENDPOINT", "me:hush@s3.example:9000"}}));
  BOOST_TEST(text.find("hu@sh") == std::string::npos);
  BOOST_TEST(text.find("hush") == std::string::npos);
  BOOST_TEST(text.find("C3_API_URL=https://********@api.example/v0?a=b@c\n")
             != std::string::npos);
  BOOST_TEST(text.find("MINIO_ENDPOINT=********@s3.example:9000\n")
             != std::string::npos);
  BOOST_TEST(text.find("C3_NODE_URL=https://{node}\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(results_stay_for_a_week_unless_told_otherwise) {
  BOOST_TEST(parse_config(with({}))->result_ttl.count() == 604'800);
  BOOST_TEST(parse_config(with({{"RESULT_TTL", "0"}}))->result_ttl.count()
             == 0);
}

BOOST_AUTO_TEST_CASE(records_stay_unless_told_otherwise) {
  auto x = parse_config(with({}));
  BOOST_TEST(x->job_ttl_s == 0u);
  BOOST_TEST(x->ended_jobs_max == 10'000u);
  BOOST_TEST(x->ended_jobs_ttl_s == 604'800u);
  BOOST_TEST(parse_config(with({{"JOB_TTL", "3600"}}))->job_ttl_s == 3'600u);
  for (auto wrong : {"-1", "1.5", "never", "1e12"})
    BOOST_TEST(!parse_config(with({{"JOB_TTL", wrong}})).has_value());
  BOOST_TEST(!parse_config(with({{"ENDED_JOBS_MAX", "0"}})).has_value());
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
