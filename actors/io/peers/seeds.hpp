#pragma once
// The addresses of C3_CLUSTER_PEERS: IP addresses, and names that are looked up
// anew again and again, since containers come and go. Pure; times as in
// `moment`.
#include "actors/io/peers/address.hpp"
#include "actors/say.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace render::peers {

class seeds {
public:
  /// Of one name, seconds from one answer to the next question.
  static constexpr double pace_s = 60;
  /// As long as no other worker is known.
  static constexpr double hurried_pace_s = 5;
  /// Further addresses of one name are left aside.
  static constexpr size_t most_addresses = 500;

  explicit seeds(const std::vector<address>& all);

  bool has_names() const noexcept {
    return !names_.empty();
  }

  /// Names that must be looked up now. One whose look-up has not been answered
  /// is not asked for again.
  std::vector<std::string> due(bool alone, double now_s);
  /// Without an answer the addresses of before stay. The line is for the log:
  /// the first failure, and the first success after one.
  std::optional<say> on_answer(const std::string& name,
                               const result<std::vector<std::string>>& found,
                               double now_s);

  std::vector<address> addresses() const;

private:
  struct name {
    std::vector<uint16_t> ports;
    std::vector<std::string> found;
    bool asking = false;
    bool failed = false;
    std::optional<double> answered_s;
  };

  std::vector<address> fixed_;
  std::map<std::string, name> names_;
};

} // namespace render::peers
