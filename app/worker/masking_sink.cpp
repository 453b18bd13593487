#include "app/worker/masking_sink.hpp"

#include <spdlog/sinks/sink.h>

#include <memory>
#include <utility>

namespace render {

namespace {

class masking_sink : public spdlog::sinks::sink {
public:
  masking_sink(spdlog::sink_ptr next, secret_mask mask)
    : next_(std::move(next)), mask_(std::move(mask)) {
    // nop
  }

  void log(const spdlog::details::log_msg& x) override {
    auto text = mask_.masked({x.payload.data(), x.payload.size()});
    auto masked = x;
    masked.payload = text;
    next_->log(masked);
  }

  void flush() override {
    next_->flush();
  }

  void set_pattern(const std::string& pattern) override {
    next_->set_pattern(pattern);
  }

  void set_formatter(std::unique_ptr<spdlog::formatter> x) override {
    next_->set_formatter(std::move(x));
  }

private:
  spdlog::sink_ptr next_;
  secret_mask mask_;
};

} // namespace

void mask_secrets(spdlog::logger& log, const secret_mask& mask) {
  for (auto& x : log.sinks())
    x = std::make_shared<masking_sink>(x, mask);
}

} // namespace render
