#pragma once
// What GPUs have cost.
#include "app/records/record.hpp"
#include "app/records/redis.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace render::records {

/// Of ended GPUs: time, and millionths of a dollar.
struct spent {
  int64_t ms = 0;
  int64_t micro = 0;
};

/// Of an hour, or of a day.
struct spent_span {
  std::map<std::string, spent> by_type;
  int64_t micro = 0;
  /// For what GPUs that are rented now may cost yet.
  int64_t reserved = 0;

  bool empty() const {
    return by_type.empty() && micro == 0 && reserved == 0;
  }
};

/// By the first hour of each (whole hours since 1970); the present one is the
/// last, but for what is reserved in hours to come. Hours in which nothing was
/// spent are left out.
result<std::map<int64_t, spent_span>> spent_by_hour(redis& db, uint32_t hours);
result<std::map<int64_t, spent_span>> spent_by_day(redis& db, uint32_t days);

} // namespace render::records
