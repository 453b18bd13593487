// Lines of the log, whatever stands in a message.
#include "app/node/log.hpp"

#include <boost/test/unit_test.hpp>
#include <spdlog/sinks/ostream_sink.h>
#include <unistd.h>

#include <chrono>
#include <sstream>
#include <thread>

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

BOOST_AUTO_TEST_CASE(a_json_line_has_the_fields_of_its_event) {
  std::stringstream out;
  auto sink = std::make_shared<spdlog::sinks::ostream_sink_st>(out);
  auto log = std::make_shared<spdlog::logger>("test", sink);
  log->set_formatter(make_formatter("json", secret_mask{{"key-0123"}}, "w1"));
  event x{"job_claimed"};
  x.job = "a\"b key-0123";
  x.type = "csm";
  x.attempt = 2;
  x.seconds = 1.5;
  write_event(log, spdlog::level::info, x, "job a (csm): claimed");
  x.trace = {0x0af7651916cd43dd, 0x8448eb211c80319c, 0xb7, true};
  write_event(log, spdlog::level::info, x, "job a (csm): claimed");
  log->info("plain");
  const std::string fields
    = R"("message":"job a (csm): claimed","worker":"w1","event":"job_claimed",)"
      R"("job":"a\"b ***","type":"csm","attempt":2,"seconds":1.500)";
  std::string line;
  std::getline(out, line);
  BOOST_TEST(line.substr(line.find("\"message\"")) == fields + "}");
  std::getline(out, line);
  BOOST_TEST(line.substr(line.find("\"message\""))
             == fields
                  + R"(,"trace_id":"0af7651916cd43dd8448eb211c80319c",)"
                    R"("span_id":"00000000000000b7","trace_flags":"01"})");
  std::getline(out, line);
  BOOST_TEST(line.ends_with(R"("message":"plain","worker":"w1"})"), line);
}

BOOST_AUTO_TEST_CASE(a_text_line_has_its_words_alone) {
  std::stringstream out;
  auto sink = std::make_shared<spdlog::sinks::ostream_sink_st>(out);
  auto log = std::make_shared<spdlog::logger>("test", sink);
  log->set_formatter(make_formatter("text"));
  event x{"job_claimed"};
  x.job = "a";
  write_event(log, spdlog::level::info, x, "job a: claimed");
  write_event(log, spdlog::level::info, x, "");
  BOOST_TEST(out.str().ends_with("Z info    job a: claimed\n"), out.str());
}

namespace {

struct counted : spdlog::sinks::null_sink_mt, event_listener {
  int seen = 0;
  void on_event(const event&) override {
    ++seen;
  }
};

} // namespace

BOOST_AUTO_TEST_CASE(events_are_told_whatever_the_level_of_the_log) {
  auto sink = std::make_shared<counted>();
  auto log = std::make_shared<spdlog::logger>("test", sink);
  log->set_level(spdlog::level::err);
  event x{"job_claimed"};
  write_event(log, spdlog::level::info, x, "not shown");
  write_event(log, spdlog::level::info, x, "");
  write_event(log, spdlog::level::info, {}, "no event");
  BOOST_TEST(sink->seen == 2);
}

// The whole log on a pipe that nobody reads: no caller waits, and what is lost
// is counted and said.
BOOST_AUTO_TEST_CASE(a_log_whose_pipe_is_full_blocks_nobody) {
  using namespace std::chrono_literals;
  int ends[2];
  BOOST_REQUIRE(::pipe(ends) == 0);
  std::string text;
  {
    auto [log, dropped] = make_logger("json", "info", {}, "w1", ends[1]);
    auto begin = std::chrono::steady_clock::now();
    for (auto i = 0; i < 30'000; ++i)
      log->info("line {}", i);
    BOOST_TEST((std::chrono::steady_clock::now() - begin < 5s));
    BOOST_TEST(dropped() > 0u);
    std::thread reader{[&] {
      char part[4096];
      for (ssize_t got = 0; (got = ::read(ends[0], part, sizeof(part))) > 0;)
        text.append(part, static_cast<size_t>(got));
    }};
    // The last lines are written when the log ends.
    log->info("the end");
    log.reset();
    dropped = {};
    ::close(ends[1]);
    reader.join();
  }
  ::close(ends[0]);
  BOOST_TEST(text.find("\"event\":\"log_lines_lost\"") != std::string::npos);
  BOOST_TEST(text.find("line(s) are missing here") != std::string::npos);
  BOOST_TEST(text.find("\"message\":\"the end\"") != std::string::npos);
}
