// Lines of the log, whatever stands in a message.
#include "app/node/log.hpp"

#include <boost/test/unit_test.hpp>
#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

using namespace render;

namespace {

std::string logged(std::string_view format, const std::string& message,
                   const secret_mask& mask = {}) {
  std::stringstream out;
  auto sink = std::make_shared<spdlog::sinks::ostream_sink_st>(out);
  spdlog::logger log{"test", sink};
  log.set_formatter(make_formatter(format, mask));
  log.warn("{}", message);
  return out.str();
}

const std::string nasty
  = "job a\n2026-01-01T00:00:00.000Z info    forged\x1b[2J"
    "\x7f\xC2\x9B"
    "31m\xE2\x80\xAE\xE2\x80\xA8\xFF é";

} // namespace

BOOST_AUTO_TEST_CASE(a_message_is_one_line_that_steers_no_terminal) {
  auto line = logged("text", nasty);
  BOOST_TEST(line.find("job a\\x0a2026-01-01T00:00:00.000Z info    forged"
                       "\\x1b[2J\\x7f\\u{9b}31m\\u{202e}\\u{2028}\xEF\xBF\xBD é"
                       "\n")
             == line.find("job a"));
  BOOST_TEST(line.find('\n') == line.size() - 1);
  BOOST_TEST(line.find("Z warning job a") == 23u);
}

BOOST_AUTO_TEST_CASE(a_secret_is_not_shown_whoever_says_it) {
  for (auto* format : {"text", "json"}) {
    auto line = logged(format, "no: X-C3-API-KEY: key-0123, key-0123!",
                       secret_mask{{"", "no", "key-0123"}});
    BOOST_TEST(line.find("no: X-C3-API-KEY: ***, ***!") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_json_line_has_it_escaped_as_well) {
  auto line = logged("json", nasty);
  BOOST_TEST(line.find('\n') == line.size() - 1);
  BOOST_TEST(line.find("\xC2\x9B") == std::string::npos);
  BOOST_TEST(line.find("\xE2\x80\xAE") == std::string::npos);
  BOOST_TEST(line.find(R"("level":"warning","message":"job a\\x0a2026)")
             != std::string::npos);
}
