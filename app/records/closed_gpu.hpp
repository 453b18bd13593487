#pragma once
// An element of the list of ended GPUs. Pure.
#include <optional>
#include <string>

namespace render::records {

struct closed_gpu {
  std::string id;
  std::string type;
  std::string workload;
  std::string node;
  std::string worker;
  std::string reason;
  /// Unix seconds; 0: it was never launched.
  double launched_s = 0;
  double stopped_s = 0;
  /// Rented.
  double rented_s = 0;
  /// As the provider says it; 0: it does not.
  double refund = 0;
  /// How its time was spent.
  struct split {
    double before_s = 0;
    double boot_s = 0;
    double busy_s = 0;
    double idle_s = 0;
    double drain_s = 0;
  };
  /// Nothing: an older version wrote it.
  std::optional<split> spent{};
};

/// Nothing: it is no JSON object.
std::optional<closed_gpu> read_closed_gpu(const std::string& text);

} // namespace render::records
