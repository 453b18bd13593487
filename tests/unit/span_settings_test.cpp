// The settings of OpenTelemetry.
#include "app/node/config.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace render;

namespace {

environment with(environment more) {
  more.emplace("C3_API_KEY", "key");
  return more;
}

span_settings spans(environment more) {
  return parse_config(with(std::move(more))).value().spans;
}

} // namespace

BOOST_AUTO_TEST_SUITE(span_settings_of_opentelemetry)

BOOST_AUTO_TEST_CASE(traces_are_off_until_somebody_says_where_to) {
  BOOST_TEST(spans({}).url == "");
  BOOST_TEST(spans({}).service_name == "c3-render-worker");
  BOOST_TEST((spans({}).how == sampling{}));
  const environment on{{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/"}};
  BOOST_TEST(spans(on).url == "http://c:4318/v1/traces");
  auto both = on;
  both["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = "https://t/api/";
  BOOST_TEST(spans(both).url == "https://t/api/");
  both["OTEL_SDK_DISABLED"] = "true";
  BOOST_TEST(spans(both).url == "");
  for (auto* wrong : {"c:4318", "grpc://c", "http://c/?a=b"})
    BOOST_TEST(
      !parse_config(with({{"OTEL_EXPORTER_OTLP_ENDPOINT", wrong}})).has_value(),
      wrong);
}

BOOST_AUTO_TEST_CASE(the_names_of_the_service_in_traces) {
  environment env{{"OTEL_RESOURCE_ATTRIBUTES",
                   "service.name=a%20b, deployment.environment = test ,,x="}};
  auto got = spans(env);
  BOOST_TEST(got.service_name == "a b");
  BOOST_REQUIRE(got.resource.size() == 2u);
  BOOST_TEST(got.resource[0].first == "deployment.environment");
  BOOST_TEST(got.resource[0].second == "test");
  BOOST_TEST(got.resource[1].second == "");
  env["OTEL_SERVICE_NAME"] = "c";
  BOOST_TEST(spans(env).service_name == "c");
  for (auto* wrong : {"a", "=b", "a=%4"})
    BOOST_TEST(
      !parse_config(with({{"OTEL_RESOURCE_ATTRIBUTES", wrong}})).has_value(),
      wrong);
}

BOOST_AUTO_TEST_CASE(headers_for_the_collector_are_secrets) {
  auto env = with({{"OTEL_EXPORTER_OTLP_HEADERS",
                    "authorization=Bearer%20t0ps3cret,x-team=ours"}});
  auto cfg = parse_config(env).value();
  BOOST_REQUIRE(cfg.spans.headers.size() == 2u);
  BOOST_TEST(cfg.spans.headers[0].name == "authorization");
  BOOST_TEST(cfg.spans.headers[0].value == "Bearer t0ps3cret");
  auto is_secret = [&cfg](const std::string& x) {
    return std::find(cfg.secrets.begin(), cfg.secrets.end(), x)
           != cfg.secrets.end();
  };
  BOOST_TEST(is_secret("Bearer t0ps3cret"));
  BOOST_TEST(effective_config(env).find("t0ps3cret") == std::string::npos);
  for (auto* wrong : {"t0ps3cret", "a b=t0ps3cret", "a=t0ps3cret%0d%0ab:c"}) {
    auto got = parse_config(with({{"OTEL_EXPORTER_OTLP_HEADERS", wrong}}));
    BOOST_REQUIRE(!got.has_value());
    BOOST_TEST(got.error().message.find("t0ps3cret") == std::string::npos);
    BOOST_TEST(got.error().message.find("name=value") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(samplers_are_those_of_opentelemetry) {
  auto how = parse_config(with({{"OTEL_TRACES_SAMPLER", "traceidratio"},
                                {"OTEL_TRACES_SAMPLER_ARG", "0.25"}}))
               .value()
               .spans.how;
  BOOST_TEST((how == sampling{sampler::traceidratio, 0.25}));
  for (auto* wrong : {"jaeger_remote", "ALWAYS_ON"})
    BOOST_TEST(
      !parse_config(with({{"OTEL_TRACES_SAMPLER", wrong}})).has_value());
  for (auto* wrong : {"1.5", "-1", "nan", "x"})
    BOOST_TEST(
      !parse_config(with({{"OTEL_TRACES_SAMPLER_ARG", wrong}})).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
