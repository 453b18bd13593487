#include "messages/money.hpp"

#include "messages/text/json.hpp"
#include "messages/text/printable.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <optional>

namespace render {

namespace {

constexpr double micro = 1e6;
/// More than that for an hour, or for a day, is a typing error.
constexpr double dollars_most = 1e6;
/// Longer receipts are nobody's.
constexpr size_t receipt_bytes_max = 16'384;

std::string fixed(int64_t x, int64_t scale, int digits) {
  std::array<char, 64> out{};
  auto whole = static_cast<long long>(x / scale);
  auto rest = static_cast<long long>(x % scale);
  std::snprintf(out.data(), out.size(), "%lld.%0*lld", whole, digits, rest);
  return out.data();
}

std::string sums_json(const gpu_share& sum) {
  return "\"seconds\":" + seconds_text(sum.total_ms()) + ",\"own_s\":"
         + seconds_text(sum.own_ms) + ",\"boot_s\":" + seconds_text(sum.boot_ms)
         + ",\"idle_s\":" + seconds_text(sum.idle_ms);
}

/// Of a number of seconds in JSON.
std::optional<int64_t> milliseconds_in(const json::document& x,
                                       const char* name) {
  auto got = json::number(x, name);
  if (!got || !std::isfinite(*got) || *got < 0 || *got > 1e9)
    return std::nullopt;
  return std::llround(*got * 1000);
}

} // namespace

int64_t micro_dollars(std::string_view text) {
  double out = 0;
  auto digits = 0;
  double place = 0;
  for (auto c : text) {
    if (c == '.' && place == 0) {
      place = 1;
    } else if (c >= '0' && c <= '9') {
      ++digits;
      out = place == 0 ? out * 10 + (c - '0') : out;
      if (place > 0) {
        place /= 10;
        out += place * (c - '0');
      }
    } else {
      return -1;
    }
  }
  return digits > 0 && out <= dollars_most ? std::llround(out * micro) : -1;
}

std::string read_gpu_prices(std::string_view text, gpu_prices& out) {
  out.clear();
  while (!text.empty()) {
    auto item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    while (item.starts_with(' '))
      item.remove_prefix(1);
    while (item.ends_with(' '))
      item.remove_suffix(1);
    auto equals = item.rfind('=');
    if (equals == std::string_view::npos || equals == 0)
      return "must be a list of TYPE=DOLLARS, as media:fast=1.20 (got \""
             + printable(item, 80) + "\")";
    auto price = micro_dollars(item.substr(equals + 1));
    if (price < 0)
      return "must be a list of prices in dollars an hour; it has none for "
             + printable(item.substr(0, equals), 80) + " (got \""
             + printable(item, 80) + "\")";
    out[workload_type{std::string{item.substr(0, equals)}}] = price;
  }
  return {};
}

int64_t cost_of(int64_t ms, int64_t price_per_hour) {
  return std::llround(static_cast<double>(ms)
                      * static_cast<double>(price_per_hour) / 3.6e6);
}

std::string seconds_text(int64_t ms) {
  return fixed(ms, 1'000, 3);
}

std::string dollars_text(int64_t x) {
  return fixed(x, 1'000'000, 6);
}

std::string receipt_json(const std::vector<gpu_share>& parts,
                         const gpu_prices& prices) {
  gpu_share sum;
  std::string gpus;
  std::map<workload_type, int64_t> by_type;
  for (auto& x : parts) {
    sum.own_ms += x.own_ms;
    sum.boot_ms += x.boot_ms;
    sum.idle_ms += x.idle_ms;
    by_type[x.type] += x.total_ms();
    gpus += (gpus.empty() ? "" : ",") + ("{\"gpu\":" + json::quote(x.gpu))
            + ",\"type\":" + json::quote(x.type) + "," + sums_json(x) + "}";
  }
  int64_t cost = 0;
  auto priced = !prices.empty();
  for (auto& [type, ms] : by_type) {
    auto at = prices.find(type);
    priced = priced && at != prices.end();
    if (priced)
      cost += cost_of(ms, at->second);
  }
  auto out = "{" + sums_json(sum);
  if (priced)
    out += ",\"usd\":" + dollars_text(cost);
  return out + ",\"gpus\":[" + gpus + "]}";
}

std::string receipt_header(std::string_view receipt) {
  if (receipt.empty() || receipt.size() > receipt_bytes_max)
    return {};
  auto doc = json::parse(receipt);
  if (!doc || !doc->IsObject())
    return {};
  gpu_share sum;
  auto own = milliseconds_in(*doc, "own_s");
  auto boot = milliseconds_in(*doc, "boot_s");
  auto idle = milliseconds_in(*doc, "idle_s");
  if (!own || !boot || !idle)
    return {};
  sum.own_ms = *own;
  sum.boot_ms = *boot;
  sum.idle_ms = *idle;
  auto out = "{" + sums_json(sum);
  auto usd = json::number(*doc, "usd");
  if (usd && *usd >= 0 && *usd <= dollars_most)
    out += ",\"usd\":" + dollars_text(std::llround(*usd * micro));
  return out + "}";
}

} // namespace render
