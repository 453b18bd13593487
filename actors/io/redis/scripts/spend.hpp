#pragma once
// What the fleet spends in each hour, by Redis' clock. A launch reserves what
// it may cost until its `expires`; the end of the GPU gives back what it did
// not use. Internal to the scripts of the launch ledger.
#include "messages/money.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace render::job_store {

/// Limits of the fleet, millionths of a dollar; negative: there is none.
struct spend_limits {
  gpu_prices prices;
  int64_t per_hour = -1;
  int64_t per_day = -1;

  /// For an hour; 0: not known.
  int64_t price_of(const workload_type& type) const {
    auto at = prices.find(type);
    return at == prices.end() ? 0 : at->second;
  }
};

/// each_hour(from, to, what): calls what(hour, ms) for the hours that this
/// time, Unix ms, is in. add_spend(spend, hour, field, amount): to a counter of
/// that hour. reserve(spend, from, to, rate, sign): reserves it, or gives it
/// back. exceeds(spend, from, to, rate, per_hour, per_day): -2 or -3 when the
/// hour's, or the day's, limit does not allow it. A rate is millionths of a
/// dollar an hour. Of an `expires` that somebody has made up no more than a
/// week counts.
inline constexpr std::string_view spend_lua = R"lua(
local function each_hour(from, to, what)
  to = math.min(to, from + 604800000)
  while from < to do
    local hour = math.floor(from / 3600000)
    local next = math.min(to, (hour + 1) * 3600000)
    what(hour, next - from)
    from = next
  end
end
local function cost(ms, rate) return math.ceil(ms * rate / 3600000) end
local function add_spend(spend, hour, field, amount)
  if amount == 0 then return end
  redis.call('HINCRBY', spend .. hour, field, string.format('%.0f', amount))
  redis.call('EXPIRE', spend .. hour, 3456000)
end
local function reserve(spend, from, to, rate, sign)
  each_hour(from, to, function(hour, ms)
    add_spend(spend, hour, 'reserved', sign * cost(ms, rate))
  end)
end
local function exceeds(spend, from, to, rate, per_hour, per_day)
  local known, over = {}, nil
  local function spent(hour)
    if not known[hour] then
      local r = redis.call('HMGET', spend .. hour, 'usd', 'reserved')
      known[hour] = (tonumber(r[1]) or 0) + (tonumber(r[2]) or 0)
    end
    return known[hour]
  end
  local days = {}
  each_hour(from, to, function(hour, ms)
    local more = cost(ms, rate)
    if per_hour >= 0 and spent(hour) + more > per_hour then over = -2 end
    local day = math.floor(hour / 24)
    days[day] = (days[day] or 0) + more
  end)
  if over or per_day < 0 then return over end
  for day, more in pairs(days) do
    for hour = day * 24, day * 24 + 23 do more = more + spent(hour) end
    if more > per_day then return -3 end
  end
end
)lua";

} // namespace render::job_store
