#pragma once
// What an operator wishes of one worker or of its GPUs, left for its next
// heartbeat. Pure.
#include "actors/io/redis/scripts/reading.hpp"
#include "messages/ids.hpp"
#include "messages/text/printable.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace render::job_store {

namespace keys {

/// Hash of what people wish of one worker, or of its GPUs; expires.
inline std::string wishes(std::string_view prefix, std::string_view worker) {
  return std::string{prefix} + "wishes:" + std::string{worker};
}

} // namespace keys

struct wishes {
  struct of_gpu {
    ledger_id id;
    /// Who wishes it; never empty.
    std::string by;
  };

  /// Who wishes that this process drains; empty: nobody.
  std::string drain;
  /// GPUs that are to take no more jobs, and to stop when they have none …
  std::vector<of_gpu> drain_gpus;
  /// … and those that are to stop at once. Both may be other workers' by now.
  std::vector<of_gpu> stop_gpus;
};

/// Of {field, value, ...}. Another process of this worker may have been meant:
/// `incarnation` is this one's.
inline wishes read_wishes(reply x, const std::string& incarnation) {
  constexpr std::string_view of_gpu = "gpu:";
  wishes out;
  for (size_t i = 0; i + 1 < x.elements.size(); i += 2) {
    auto name = text_at(x, i);
    auto text = text_at(x, i + 1);
    auto blank = std::min(text.find(' '), text.size());
    auto what = text.substr(0, blank);
    auto by = blank + 1 < text.size() ? printable(text.substr(blank + 1), 200)
                                      : "somebody";
    auto gpu = [&name, &by, &of_gpu] {
      return wishes::of_gpu{ledger_id{name.substr(of_gpu.size())}, by};
    };
    if (name == "drain" && what == incarnation)
      out.drain = by;
    else if (name.starts_with(of_gpu) && what == "drain")
      out.drain_gpus.push_back(gpu());
    else if (name.starts_with(of_gpu) && what == "stop")
      out.stop_gpus.push_back(gpu());
  }
  return out;
}

} // namespace render::job_store
