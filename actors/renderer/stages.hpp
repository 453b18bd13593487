#pragma once
// How long each stage of an attempt took. Pure.
#include <map>
#include <string_view>

namespace render {

/// As `stage_of` (stage_spans.hpp) names them.
inline constexpr std::string_view all_stages[] = {"download", "upload",
                                                  "render", "store"};

/// Seconds of each stage. `now_s` is by the steady clock.
class stage_times {
public:
  /// Empty: what is under way goes on.
  void enter(std::string_view stage, double now_s);

  /// The stage under way ends.
  std::map<std::string_view, double> end(double now_s);

private:
  std::string_view current_;
  double since_s_ = 0;
  std::map<std::string_view, double> spent_;
};

} // namespace render
