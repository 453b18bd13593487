#include "app/node/money_settings.hpp"

#include "app/node/refused.hpp"
#include "messages/text/printable.hpp"

namespace render {

result<void> read_prices(worker_config& cfg, std::string_view text) {
  if (auto wrong = read_gpu_prices(text, cfg.prices); !wrong.empty())
    return fail(failure_kind::invalid_input, wrong);
  return {};
}

std::function<result<void>(worker_config&, std::string_view)>
dollars(int64_t worker_config::*field) {
  return [field](worker_config& cfg, std::string_view text) -> result<void> {
    cfg.*field = micro_dollars(text);
    if (cfg.*field <= 0)
      return refused(text, "a number of dollars above 0");
    return {};
  };
}

result<void> check_spending(const worker_config& cfg) {
  if (cfg.spend_per_hour < 0 && cfg.spend_per_day < 0)
    return {};
  for (auto& [kind, type] : cfg.workload_of_kind)
    if (!cfg.prices.contains(type))
      return fail(failure_kind::invalid_input,
                  "MAX_SPEND_PER_HOUR and MAX_SPEND_PER_DAY need a price of "
                    + printable(type, 80) + " in GPU_PRICES");
  return {};
}

} // namespace render
