#include "app/node/log.hpp"

#include "app/node/line_queue.hpp"
#include "messages/text/json.hpp"
#include "messages/text/printable.hpp"

#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include <chrono>
#include <iterator>
#include <memory>
#include <type_traits>
#include <utility>

namespace render {

namespace {

/// Of an error that is remembered, bytes.
constexpr size_t noted_max = 300;
/// Of a field of an event, bytes.
constexpr size_t field_max = 200;

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
  json_formatter(secret_mask mask, std::string worker)
    : mask_(std::move(mask)), worker_(std::move(worker)) {
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
    text_field(out, "worker", worker_);
    if (auto* about = event_of(x))
      fields(out, *about);
    append(out, "}\n");
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<json_formatter>(mask_, worker_);
  }

private:
  void fields(spdlog::memory_buf_t& out, const event& x) const {
    text_field(out, "event", x.name);
    text_field(out, "job", x.job);
    text_field(out, "type", x.type);
    number_field(out, "attempt", x.attempt, x.attempt > 0);
    number_field(out, "gpu", x.gpu, x.gpu > 0);
    text_field(out, "workload", x.workload);
    text_field(out, "outcome", x.outcome);
    text_field(out, "error_kind", x.error_kind);
    number_field(out, "seconds", x.seconds, x.seconds >= 0);
    if (!x.trace)
      return;
    text_field(out, "trace_id", trace_id_text(x.trace));
    text_field(out, "span_id", span_id_text(x.trace.span));
    text_field(out, "trace_flags", x.trace.sampled ? "01" : "00");
  }

  void text_field(spdlog::memory_buf_t& out, std::string_view name,
                  std::string_view value) const {
    if (value.empty())
      return;
    fmt::format_to(std::back_inserter(out), ",\"{}\":", name);
    append(out, json::quote(printable(mask_.masked(value), field_max)));
  }

  template <class T>
  static void number_field(spdlog::memory_buf_t& out, std::string_view name,
                           T value, bool said) {
    if (!said)
      return;
    if constexpr (std::is_floating_point_v<T>)
      fmt::format_to(std::back_inserter(out), ",\"{}\":{:.3f}", name, value);
    else
      fmt::format_to(std::back_inserter(out), ",\"{}\":{}", name, value);
  }

  secret_mask mask_;
  std::string worker_;
  spdlog::pattern_formatter time_{"%Y-%m-%dT%H:%M:%S.%eZ", utc, ""};
};

/// Formats in the caller's thread, where the event of a line still lives.
class queue_sink : public spdlog::sinks::base_sink<std::mutex> {
public:
  explicit queue_sink(std::shared_ptr<line_queue> to) : to_(std::move(to)) {
    // nop
  }

protected:
  void sink_it_(const spdlog::details::log_msg& x) override {
    spdlog::memory_buf_t line;
    formatter_->format(x, line);
    to_->push({line.data(), line.size()});
  }

  void flush_() override {
    // nop
  }

private:
  std::shared_ptr<line_queue> to_;
};

} // namespace

std::unique_ptr<spdlog::formatter>
make_formatter(std::string_view format, secret_mask mask, std::string worker) {
  if (format == "json")
    return std::make_unique<json_formatter>(std::move(mask), std::move(worker));
  return std::make_unique<text_formatter>(std::move(mask));
}

log_output make_logger(std::string_view format, const std::string& level,
                       const secret_mask& mask, const std::string& worker,
                       int handle) {
  line_queue::options how;
  how.lost_line = [lost = std::shared_ptr<spdlog::formatter>{
                     make_formatter(format, mask, worker)}](uint64_t missing) {
    auto text = "log: " + std::to_string(missing)
                + " line(s) are missing here, nobody took them";
    event about;
    about.name = "log_lines_lost";
    spdlog::details::log_msg x{event_place(about), "worker",
                               spdlog::level::warn, text};
    spdlog::memory_buf_t out;
    lost->format(x, out);
    return std::string{out.data(), out.size()};
  };
  auto lines = std::make_shared<line_queue>(handle, std::move(how));
  auto sink = std::make_shared<queue_sink>(lines);
  auto out = std::make_shared<spdlog::logger>("worker", sink);
  out->set_formatter(make_formatter(format, mask, worker));
  out->set_level(spdlog::level::from_str(level));
  return {out, [lines] {
            return lines->dropped();
          }};
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
