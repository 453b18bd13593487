#pragma once
// Which addresses host names have, and which names are being looked up. Pure:
// no look-up, no clock, no lock.
#include "actors/io/http/resolver.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace render {

class known_names {
public:
  using clock = std::chrono::steady_clock;

  /// Look-ups of one name at a time: a hanging one blocks a thread of the pool
  /// that all names share.
  static constexpr size_t look_ups_per_name_max = 2;
  /// Beyond this number expired names are forgotten, at twice this number all.
  static constexpr size_t names_max = 1024;

  /// `kept`: how long addresses are valid. `patience`: how long a look-up may
  /// take before the same name may be looked up once more.
  known_names(clock::duration kept, clock::duration patience)
    : kept_(kept), patience_(patience) {
    // nop
  }

  /// The addresses valid now; nullptr when there are none. The pointer is valid
  /// until the next call of another member.
  const std::vector<ip_address>* find(const std::string& host,
                                      clock::time_point now) const;

  /// True when the caller must look the name up now. That look-up counts as
  /// begun.
  bool begin_look_up(const std::string& host, clock::time_point now);

  /// Must be called for each look-up that was begun, however late it ends.
  void end_look_up(const std::string& host, name_resolver::found found,
                   clock::time_point now);

private:
  struct name {
    std::vector<ip_address> addresses;
    clock::time_point good_until;
    std::optional<clock::time_point> asked;
    /// Look-ups that have not been answered.
    size_t asking = 0;
  };

  name& name_of(const std::string& host, clock::time_point now);

  clock::duration kept_;
  clock::duration patience_;
  std::map<std::string, name> names_;
};

} // namespace render
