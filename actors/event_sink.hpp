#pragma once
// A sink that hears the events of a log, and none of its lines.
#include "actors/log.hpp"

#include <spdlog/sinks/sink.h>

#include <memory>
#include <string>

namespace render {

class event_sink : public spdlog::sinks::sink, public event_listener {
public:
  void log(const spdlog::details::log_msg&) override {
    // nop
  }
  void flush() override {
    // nop
  }
  void set_pattern(const std::string&) override {
    // nop
  }
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {
    // nop
  }

protected:
  event_sink() {
    set_level(spdlog::level::off);
  }
};

} // namespace render
