#pragma once
// Decides for how many of a type's waiting jobs a GPU is worth its price, by
// what a look at the inputs of the first few has shown. Pure: no actors, no
// I/O, no clock.
#include "messages/failure.hpp"
#include "messages/input_look.hpp"

#include <chrono>
#include <cstdint>

namespace render::supervisor {

class input_gate {
public:
  using duration = std::chrono::milliseconds;

  struct config {
    /// False: all jobs are worth a GPU, nothing is looked at.
    bool watched = false;
    /// What a look has shown holds for all jobs of the type this long.
    duration valid{60'000};
    /// Looks that find nothing usable hold a launch up for no longer.
    duration patience{60'000};
  };

  /// Of `count` waiting jobs, `without_inputs` of which need none: those that a
  /// GPU is launched for. `now_s` is Unix time in seconds.
  uint64_t usable(const config& cfg, uint64_t count, uint64_t without_inputs,
                  double now_s) const;

  /// A look is under way.
  bool looking() const noexcept {
    return looking_;
  }

  void begin(double now_s);

  /// A look that has failed shows nothing bad.
  void end(const config& cfg, const result<msg::inputs_seen>& got,
           double now_s);

  /// Nothing waits for a GPU any more.
  void rest() noexcept {
    held_up_ = false;
  }

private:
  bool looking_ = false;
  /// Launches wait for looks, since `held_up_since_s_`.
  bool held_up_ = false;
  double held_up_since_s_ = 0;
  /// Part of the jobs with inputs that are believed to be usable, and until
  /// when.
  double share_ = 0;
  double until_s_ = 0;
};

} // namespace render::supervisor
