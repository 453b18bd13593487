#pragma once
// Answers of a well-behaved Gradio app, for tests of the plans that call one.
#include "messages/text/json.hpp"
#include "tests/unit/plan_player.hpp"

namespace render::test {

inline constexpr auto event_stream = "text/event-stream";

inline std::string app_config(const std::string& api_name) {
  return R"({"version":"5.23.3","protocol":"sse_v3",)"
         R"("api_prefix":"/gradio_api","dependencies":[{"id":4,"api_name":")"
         + api_name + R"("}]})";
}

inline std::string sse(const std::string& data) {
  return "data: " + data + "\n\n";
}

inline std::string completed(const std::string& outputs) {
  return sse(R"({"msg":"process_completed","event_id":"e1","success":true,)"
             R"("output":{"data":)"
             + outputs + "}}");
}

/// Answers /config, and has no /info.
inline void describe(player& world, const std::string& api_name) {
  BOOST_TEST(contains(world.request().url, "/config"));
  world.reply(200, app_config(api_name));
  BOOST_TEST(contains(world.request().url, "/gradio_api/info"));
  world.reply(404);
}

/// Accepts the run; returns the request's body.
inline std::string join(player& world) {
  BOOST_TEST(contains(world.request().url, "/gradio_api/queue/join"));
  auto body = world.request().body;
  world.reply(200, R"({"event_id":"e1"})");
  BOOST_TEST(world.is<stream>());
  return body;
}

/// The arguments of a call, as JSON text.
inline std::string data_of(const std::string& body) {
  auto doc = json::parse(body);
  BOOST_REQUIRE(doc);
  auto* data = json::find(*doc, "data");
  BOOST_REQUIRE(data != nullptr);
  return json::to_text(*data);
}

inline std::string session_of(const std::string& body) {
  auto doc = json::parse(body);
  BOOST_REQUIRE(doc);
  return json::string_or_empty(*doc, "session_hash");
}

} // namespace render::test
