#include "app/node/log.hpp"

#include "messages/text/json.hpp"
#include "messages/text/printable.hpp"

#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <chrono>
#include <memory>
#include <utility>

namespace render {

namespace {

/// Of an error that is remembered, bytes.
constexpr size_t noted_max = 300;

constexpr auto utc = spdlog::pattern_time_type::utc;

void append(spdlog::memory_buf_t& out, std::string_view text) {
  out.append(text.data(), text.data() + text.size());
}

/// The message as one line without control characters, whatever a service, a
/// producer or Redis has put into it.
std::string message_of(const spdlog::details::log_msg& x,
                       const secret_mask& mask) {
  return printable(mask.masked({x.payload.data(), x.payload.size()}));
}

/// spdlog's patterns do not escape, so each kind of line has its own formatter.
class text_formatter : public spdlog::formatter {
public:
  explicit text_formatter(secret_mask mask) : mask_(std::move(mask)) {
    // nop
  }

  void format(const spdlog::details::log_msg& x,
              spdlog::memory_buf_t& out) override {
    head_.format(x, out);
    append(out, message_of(x, mask_));
    append(out, "\n");
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<text_formatter>(mask_);
  }

private:
  secret_mask mask_;
  spdlog::pattern_formatter head_{"%Y-%m-%dT%H:%M:%S.%eZ %-7l ", utc, ""};
};

class json_formatter : public spdlog::formatter {
public:
  explicit json_formatter(secret_mask mask) : mask_(std::move(mask)) {
    // nop
  }

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
    append(out, json::quote(message_of(x, mask_)));
    append(out, "}\n");
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<json_formatter>(mask_);
  }

private:
  secret_mask mask_;
  spdlog::pattern_formatter time_{"%Y-%m-%dT%H:%M:%S.%eZ", utc, ""};
};

} // namespace

std::unique_ptr<spdlog::formatter> make_formatter(std::string_view format,
                                                  secret_mask mask) {
  if (format == "json")
    return std::make_unique<json_formatter>(std::move(mask));
  return std::make_unique<text_formatter>(std::move(mask));
}

logger make_logger(std::string_view format, const std::string& level,
                   secret_mask mask) {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto out = std::make_shared<spdlog::logger>("worker", sink);
  out->set_formatter(make_formatter(format, std::move(mask)));
  out->set_level(spdlog::level::from_str(level));
  out->flush_on(spdlog::level::debug);
  return out;
}

job_store::noted_error error_note::latest() const {
  std::lock_guard guard{mutex_};
  return latest_;
}

void error_note::log(const spdlog::details::log_msg& x) {
  if (x.level < spdlog::level::err)
    return;
  job_store::noted_error out;
  out.text = foreign_text({x.payload.data(), x.payload.size()}, mask_,
                          noted_max);
  out.at_s = std::chrono::duration<double>(x.time.time_since_epoch()).count();
  std::lock_guard guard{mutex_};
  latest_ = std::move(out);
}

} // namespace render
