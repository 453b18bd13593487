#include "app/ctl/spend.hpp"

#include "app/ctl/record_text.hpp"
#include "app/records/fleet.hpp"
#include "app/records/spend.hpp"
#include "messages/http.hpp"
#include "messages/money.hpp"
#include "messages/text/json.hpp"
#include "messages/text/utc_time.hpp"

#include <array>
#include <iostream>
#include <map>

namespace render::ctl {

namespace {

struct spend_options {
  uint32_t hours = 24;
  uint32_t days = 0;
};

std::string when_text(int64_t hour, bool days) {
  return utc_time(static_cast<double>(hour) * 3600,
                  days ? "%Y-%m-%d" : "%Y-%m-%d %H:00");
}

std::string hours_text(int64_t ms) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.3f",
                static_cast<double>(ms) / 3.6e6);
  return text.data();
}

std::string span_json(const std::string& when, const records::spent_span& x,
                      bool priced) {
  std::string types;
  for (auto& [type, y] : x.by_type) {
    types += (types.empty() ? "" : ",") + json::quote(type)
             + ":{\"gpu_s\":" + seconds_text(y.ms);
    types += (priced ? ",\"usd\":" + dollars_text(y.micro) : "") + "}";
  }
  auto out = "{\"when\":" + json::quote(when) + ",\"types\":{" + types + "}";
  if (priced)
    out += ",\"usd\":" + dollars_text(x.micro)
           + ",\"reserved_usd\":" + dollars_text(x.reserved);
  return out + "}";
}

std::string table_of(const std::map<int64_t, records::spent_span>& spans,
                     bool days, bool priced) {
  std::vector<std::vector<std::string>> rows{
    {days ? "day (UTC)" : "hour (UTC)", "type", "GPU hours"}};
  if (priced)
    rows[0].insert(rows[0].end(), {"$ spent", "$ reserved"});
  for (auto& [hour, x] : spans) {
    auto when = when_text(hour, days);
    for (auto& [type, y] : x.by_type) {
      rows.push_back({when, excerpt(type, 40), hours_text(y.ms)});
      if (priced)
        rows.back().insert(rows.back().end(), {dollars_text(y.micro), ""});
    }
    if (priced)
      rows.push_back(
        {when, "all", "", dollars_text(x.micro), dollars_text(x.reserved)});
  }
  return columns_text(rows);
}

int show(const context& ctx, redis& db, const spend_options& o) {
  auto spans = o.days > 0 ? records::spent_by_day(db, o.days)
                          : records::spent_by_hour(db, o.hours);
  if (!spans)
    return report(failed, spans.error().message);
  auto workers = records::read_workers(db);
  if (!workers)
    return report(failed, workers.error().message);
  auto balance = records::latest_balance(*workers);
  auto priced = false;
  for (auto& [hour, x] : *spans)
    priced = priced || x.micro > 0 || x.reserved > 0;
  if (ctx.json) {
    std::string items;
    for (auto& [hour, x] : *spans)
      items += (items.empty() ? "" : ",")
               + span_json(when_text(hour, o.days > 0), x, priced);
    std::cout << "{\"spend\":[" << items << "]"
              << (balance
                    ? ",\"balance\":" + records::balance_text(balance->amount)
                    : "")
              << "}\n";
    return done;
  }
  std::cout << (spans->empty() ? "nothing was spent\n"
                               : table_of(*spans, o.days > 0, priced));
  if (balance)
    std::cout << "balance of the account, in the provider's unit: "
              << records::balance_text(balance->amount) << ", "
              << span_text(balance->age_s) << " ago\n";
  return done;
}

} // namespace

void add_spend(CLI::App& app, context& ctx, std::function<int()>& action) {
  auto o = std::make_shared<spend_options>();
  auto* cmd = app.add_subcommand("spend", "Show what GPUs have cost");
  cmd->add_option("--hours", o->hours, "Show this many hours of the clock")
    ->check(CLI::Range(1, 960));
  cmd->add_option("--days", o->days, "Show this many days (UTC) instead")
    ->check(CLI::Range(1, 40));
  cmd->footer(
    "A GPU counts when it has ended, in the hours that it ran in. "
    "Reserved is what the\nGPUs that are rented now may cost until "
    "their end. Dollars need GPU_PRICES. Where the provider tells the "
    "account's balance,\nit stands below.\n\nExamples:\n  c3ctl spend\n"
    "  c3ctl spend --days 7\n  c3ctl spend --hours 2 --json");
  cmd->callback([&ctx, &action, o] {
    action = [&ctx, o] {
      return with_redis(ctx, [&](redis& db) {
        return show(ctx, db, *o);
      });
    };
  });
}

} // namespace render::ctl
