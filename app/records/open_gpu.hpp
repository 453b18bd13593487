#pragma once
// Entries of the launch ledger, as people see them. Pure.
#include "app/records/record.hpp"

#include <string>

namespace render::records {

/// An entry of the launch ledger. What stands there may be anybody's.
struct open_gpu {
  std::string id;
  record fields;
  /// Of the lease, s; below 0: it has run out.
  double left_s = 0;
  /// Seconds since the launch, or since the intent while there is no launch.
  double age_s = 0;
  /// Seconds since the launch; 0 before it.
  double rented_s = 0;
  /// Seconds since its stop was begun; 0: it was not, or nobody has noted it.
  double stopping_s = 0;
};

/// What people call a state of the launch ledger: a GPU that is "running" there
/// has services that are not up yet.
inline std::string gpu_state(const open_gpu& x) {
  auto state = field(x.fields, "state");
  return state == "running" ? "booting" : state;
}

} // namespace render::records
