#include "app/worker/log.hpp"

#include "messages/json.hpp"

#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <memory>

namespace render {

namespace {

constexpr auto utc = spdlog::pattern_time_type::utc;

/// spdlog's patterns do not escape, so a JSON line needs its own formatter.
class json_formatter : public spdlog::formatter {
public:
  void format(const spdlog::details::log_msg& x,
              spdlog::memory_buf_t& out) override {
    spdlog::memory_buf_t time;
    time_.format(x, time);
    auto level = spdlog::level::to_string_view(x.level);
    append(out, R"({"time":")");
    append(out, {time.data(), time.size()});
    append(out, R"(","level":")");
    append(out, {level.data(), level.size()});
    append(out, R"(","message":)");
    append(out, json::quote({x.payload.data(), x.payload.size()}));
    append(out, "}\n");
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<json_formatter>();
  }

private:
  static void append(spdlog::memory_buf_t& out, std::string_view text) {
    out.append(text.data(), text.data() + text.size());
  }

  spdlog::pattern_formatter time_{"%Y-%m-%dT%H:%M:%S.%eZ", utc, ""};
};

} // namespace

logger make_logger(std::string_view format, const std::string& level) {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto out = std::make_shared<spdlog::logger>("worker", sink);
  if (format == "json")
    out->set_formatter(std::make_unique<json_formatter>());
  else
    out->set_formatter(std::make_unique<spdlog::pattern_formatter>(
      "%Y-%m-%dT%H:%M:%S.%eZ %-7l %v", utc));
  out->set_level(spdlog::level::from_str(level));
  out->flush_on(spdlog::level::debug);
  return out;
}

} // namespace render
