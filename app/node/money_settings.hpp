#pragma once
// What the fleet may spend, from settings. Pure.
#include "app/node/config.hpp"

namespace render {

result<void> read_prices(worker_config& cfg, std::string_view text);

/// Dollars above 0, as millionths.
std::function<result<void>(worker_config&, std::string_view)>
dollars(int64_t worker_config::*field);

/// A GPU without a price would be rented beside every limit.
result<void> check_spending(const worker_config& cfg);

} // namespace render
