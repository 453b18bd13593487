#include "app/node/redis_settings.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;

namespace {

result<worker_config> with(environment env) {
  env["C3_API_KEY"] = "key";
  return parse_config(env);
}

std::string error_of(environment env) {
  auto cfg = with(std::move(env));
  return cfg ? std::string{} : cfg.error().message;
}

std::string warning_of(environment env) {
  auto cfg = with(std::move(env));
  BOOST_REQUIRE(cfg);
  return redis_warning(*cfg);
}

} // namespace

BOOST_AUTO_TEST_SUITE(redis_settings)

BOOST_AUTO_TEST_CASE(a_url_says_it_all) {
  auto cfg
    = with({{"REDIS_URL", "rediss://us%3Aer:p%40ss%2Fw@db.example:7/3"}});
  BOOST_REQUIRE(cfg);
  auto options = redis_options(*cfg);
  BOOST_TEST(options.tls.on);
  BOOST_TEST(options.username == "us:er");
  BOOST_TEST(options.password == "p@ss/w");
  BOOST_TEST(options.host == "db.example");
  BOOST_TEST(options.port == 7);
  BOOST_TEST(options.db == 3u);
}

BOOST_AUTO_TEST_CASE(what_a_url_has_not_got_stays) {
  auto cfg = with({{"REDIS_URL", "redis://[::1]"},
                   {"REDIS_HOST", "elsewhere"},
                   {"REDIS_PORT", "7000"},
                   {"REDIS_PASSWORD", "p"},
                   {"REDIS_DB", "2"}});
  BOOST_REQUIRE(cfg);
  BOOST_TEST(cfg->redis_host == "::1");
  BOOST_TEST(cfg->redis_port == 6379);
  BOOST_TEST(cfg->redis_password == "p");
  BOOST_TEST(cfg->redis_db == 2u);
  BOOST_TEST(!cfg->redis_tls);
  cfg = with({{"REDIS_URL", "redis://:secret@db"}, {"REDIS_TLS", "true"}});
  BOOST_REQUIRE(cfg);
  BOOST_TEST(cfg->redis_username == "");
  BOOST_TEST(cfg->redis_password == "secret");
  BOOST_TEST(cfg->redis_tls);
}

BOOST_AUTO_TEST_CASE(a_wrong_url_is_refused_and_not_shown) {
  for (auto* wrong :
       {"hush", "http://hush", "redis://", "redis://u:hush@", "redis://db:0",
        "redis://db:70000", "redis://db/x", "redis://u:hu%zzsh@db",
        "redis://db?hush=1", "redis://[::1", "redis://db/-1",
        "redis://db\x1b[2J", "redis://d\xb1"}) {
    auto said = error_of({{"REDIS_URL", wrong}});
    BOOST_TEST(said.starts_with("REDIS_URL must be redis://"),
               wrong << ": " << said);
    BOOST_TEST(said.find("hush") == std::string::npos);
  }
  auto shown = effective_config({{"REDIS_URL", "redis://u:hush@db"}});
  BOOST_TEST(shown.find("hush") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(tls_settings_that_do_not_go_together_are_refused) {
  BOOST_TEST(
    error_of({{"REDIS_CA_FILE", "/ca.pem"}}).ends_with("set REDIS_TLS=true"));
  BOOST_TEST(error_of({{"REDIS_TLS", "true"}, {"REDIS_CERT_FILE", "/c.pem"}})
             == "REDIS_CERT_FILE and REDIS_KEY_FILE must be set together");
  BOOST_TEST(error_of({{"REDIS_TLS", "true"}, {"REDIS_HOST", "/run/redis"}})
               .starts_with("REDIS_TLS: "));
  BOOST_TEST(error_of({{"REDIS_URL", "rediss://db"},
                       {"REDIS_CA_FILE", "/ca.pem"},
                       {"REDIS_SERVER_NAME", "db.example"}})
             == "");
}

BOOST_AUTO_TEST_CASE(plain_text_over_foreign_networks_is_warned_of) {
  for (auto* near : {"localhost", "redis", "127.0.0.1", "10.1.2.3", "::1",
                     "172.31.0.1", "192.168.1.1", "fd00::1", "/run/redis.sock",
                     "redis.default.svc", "redis.svc.cluster.local"})
    BOOST_TEST(warning_of({{"REDIS_HOST", near}}) == "", near);
  for (auto* far :
       {"redis-1.cloud.example.com", "8.8.8.8", "172.32.0.1", "2001:db8::1"}) {
    BOOST_TEST(warning_of({{"REDIS_HOST", far}}).find(far)
               != std::string::npos);
    BOOST_TEST(warning_of({{"REDIS_HOST", far}, {"REDIS_TLS", "true"}}) == "");
  }
  BOOST_TEST(warning_of({{"REDIS_SENTINELS", "redis,s.example.com"}}) != "");
  auto said = warning_of({{"REDIS_URL", "redis://u:hush@db.example.com"}});
  BOOST_TEST(said.find("db.example.com") != std::string::npos);
  BOOST_TEST(said.find("hush") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(status_hosts_are_names) {
  auto cfg = with({{"STATUS_HOSTS", "a.example,b"}});
  BOOST_REQUIRE(cfg);
  BOOST_TEST(cfg->status_hosts.size() == 2u);
  BOOST_TEST(
    error_of({{"STATUS_HOSTS", "a:1"}}).starts_with("STATUS_HOSTS must be"));
}

BOOST_AUTO_TEST_SUITE_END()
