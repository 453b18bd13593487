#pragma once
// What the records of running jobs say of the present attempt: on which GPU,
// since when, and when each stage began. For people; it lives as long as the
// process. Pure.
#include "messages/ids.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace render::job_store {

/// What a stage is called without its counts: "render" of "render 12/25". 40
/// bytes at most, without line breaks.
std::string stage_name(std::string_view stage);

class told_attempts {
public:
  /// Lines of `stages`; the first ones are kept.
  static constexpr uint32_t stages_max = 32;
  /// Bytes of how an attempt ended.
  static constexpr size_t how_max = 300;

  struct attempt {
    uint64_t fence = 0;
    /// Unix seconds; 0: not known.
    double began_s = 0;
    /// Its entry in the launch ledger; empty: none yet.
    ledger_id gpu;
    /// A line for each stage: "{Unix seconds} {name}".
    std::string stages;
    uint32_t stage_count = 0;
    std::string last_stage;
    /// Redis has not been told all of it.
    bool is_news = false;
  };

  void begin(const std::string& id, uint64_t fence, double now_s);

  /// Empty: nothing new is known.
  void on_gpu(const std::string& id, uint64_t fence, const ledger_id& gpu);

  void on_stage(const std::string& id, uint64_t fence, std::string_view stage,
                double now_s);

  /// What Redis is told next; an empty one when it is no news. `put_back` when
  /// Redis has not taken it.
  attempt take_news(const std::string& id, uint64_t fence);
  void put_back(const std::string& id, uint64_t fence);

  /// Of this claim; an empty one when there is none.
  attempt of(const std::string& id, uint64_t fence) const;

  /// Unless it was claimed again meanwhile.
  void forget(const std::string& id, uint64_t fence);

private:
  attempt* find(const std::string& id, uint64_t fence);

  std::map<std::string, attempt> all_;
};

/// JSON: {"worker":…,"gpu":…,"began":…,"ended":…,"how":…}, times in Unix
/// seconds. `how` is cut.
std::string attempt_line(const told_attempts::attempt& x,
                         std::string_view worker, double ended_s,
                         std::string_view how);

} // namespace render::job_store
