#include "app/ctl/gpus.hpp"

#include "app/ctl/record_text.hpp"
#include "app/ctl/wishes.hpp"
#include "app/records/fleet.hpp"
#include "messages/http.hpp"
#include "messages/text/json.hpp"

#include <algorithm>
#include <array>
#include <iostream>

namespace render::ctl {

namespace {

using records::gpu_state;
using records::open_gpu;
using rows = std::vector<std::vector<std::string>>;

struct gpu_options {
  uint32_t closed = 0;
  /// Ids of ledger entries.
  std::string drain;
  std::string stop;
  /// Negative: not given.
  double price_per_hour = -1;

  bool priced() const {
    return price_per_hour >= 0;
  }

  double cost(double seconds) const {
    return seconds / 3600 * price_per_hour;
  }
};

std::string cost_text(double x) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.4f", x);
  return text.data();
}

std::string dollars(double x) {
  return "$" + cost_text(x);
}

/// Below the table: what all of its GPUs have cost.
std::string sum_line(size_t gpus, double seconds, const gpu_options& opts) {
  return "sum of " + std::to_string(gpus) + (gpus == 1 ? " GPU: " : " GPUs: ")
         + span_text(seconds) + ", " + dollars(opts.cost(seconds)) + " at "
         + dollars(opts.price_per_hour) + " an hour\n";
}

std::string open_table(const std::vector<open_gpu>& gpus,
                       const gpu_options& opts) {
  rows out{
    {"gpu", "type", "state", "age", "lease", "workload", "host", "worker"}};
  for (auto& x : gpus)
    out.push_back({excerpt(x.id, 60), excerpt(field(x.fields, "type"), 40),
                   excerpt(gpu_state(x), 20), span_text(x.age_s),
                   lease_text(x.left_s),
                   or_dash(field(x.fields, "workload"), 60),
                   or_dash(field(x.fields, "node"), 60),
                   or_dash(field(x.fields, "owner"), 60)});
  if (!opts.priced())
    return columns_text(out);
  double seconds = 0;
  out[0].emplace_back("cost");
  for (size_t i = 0; i < gpus.size(); ++i) {
    out[i + 1].push_back(dollars(opts.cost(gpus[i].rented_s)));
    seconds += gpus[i].rented_s;
  }
  return columns_text(out) + sum_line(gpus.size(), seconds, opts);
}

std::string open_json(const open_gpu& x, const gpu_options& opts) {
  auto out = "{\"id\":" + json::quote(x.id);
  for (std::string name : {"type", "workload", "node", "owner"})
    out += ",\"" + name + "\":" + json::quote(field(x.fields, name));
  out += ",\"state\":" + json::quote(gpu_state(x));
  out += ",\"age_s\":" + std::to_string(x.age_s)
         + ",\"rented_s\":" + std::to_string(x.rented_s)
         + ",\"lease_left_s\":" + std::to_string(x.left_s);
  if (opts.priced())
    out += ",\"cost\":" + cost_text(opts.cost(x.rented_s));
  return out + "}";
}

/// Below the ledger: what the provider says.
std::string provider_text(const records::provider_sight& x) {
  auto out = records::provider_line(x) + "\n";
  if (x.unknown.empty())
    return out;
  rows table{{"not in the ledger", "type", "age", "seen so for"}};
  for (auto& gpu : x.unknown)
    table.push_back(
      {excerpt(gpu.workload, 60), excerpt(gpu.type, 40),
       gpu.created_s > 0 ? span_text(unix_now() - gpu.created_s) : "-",
       span_text(unix_now() - gpu.since_s)});
  return out + columns_text(table);
}

int show_open(const context& ctx, redis& db, const gpu_options& opts) {
  auto gpus = records::read_open_gpus(db);
  if (!gpus)
    return report(failed, gpus.error().message);
  auto provider = records::read_provider(db, *gpus);
  if (!provider)
    return report(failed, provider.error().message);
  if (ctx.json) {
    std::string items;
    for (auto& x : *gpus)
      items += (items.empty() ? "" : ",") + open_json(x, opts);
    std::cout << "{\"gpus\":[" << items << "]"
              << (*provider
                    ? ",\"provider\":" + records::provider_json(**provider)
                    : "")
              << "}\n";
  } else {
    std::cout << (gpus->empty() ? "no GPU is rented\n"
                                : open_table(*gpus, opts))
              << (*provider ? provider_text(**provider) : "");
  }
  return done;
}

std::vector<std::string> closed_row(const json::document& x,
                                    const gpu_options& opts) {
  auto seconds = json::number(x, "seconds").value_or(0);
  auto ended = unix_now() - json::number(x, "stopped_at").value_or(0);
  auto text = [&x](const char* name, size_t limit) {
    return or_dash(json::string_or_empty(x, name), limit);
  };
  std::vector<std::string> out{
    text("id", 60),
    text("type", 40),
    std::to_string(static_cast<int64_t>(std::clamp(seconds, 0.0, 1e15))),
    cost_text(json::number(x, "refund_amount").value_or(0)),
    span_text(ended) + " ago",
    text("workload", 60),
    text("worker", 60),
    text("reason", 120)};
  if (opts.priced())
    out.push_back(dollars(opts.cost(seconds)));
  return out;
}

std::string closed_json(const json::document& x, const gpu_options& opts) {
  auto out = json::to_text(x);
  if (!opts.priced())
    return out;
  out.pop_back();
  auto cost = opts.cost(json::number(x, "seconds").value_or(0));
  return out + (out.size() > 1 ? "," : "") + "\"cost\":" + cost_text(cost)
         + "}";
}

int show_closed(const context& ctx, redis& db, const gpu_options& opts) {
  auto got = records::read_closed_gpus(db, opts.closed);
  if (!got)
    return report(failed, got.error().message);
  rows table{{"gpu", "type", "seconds", "refund", "ended", "workload", "worker",
              "reason"}};
  if (opts.priced())
    table[0].emplace_back("cost");
  std::string items;
  double seconds = 0;
  for (auto& x : *got) {
    items += (items.empty() ? "" : ",") + closed_json(x, opts);
    table.push_back(closed_row(x, opts));
    seconds += std::clamp(json::number(x, "seconds").value_or(0), 0.0, 1e15);
  }
  if (ctx.json)
    std::cout << "{\"closed\":[" << items << "]}\n";
  else
    std::cout << (table.size() == 1
                    ? "no GPU has ended\n"
                    : columns_text(table)
                        + (opts.priced()
                             ? sum_line(table.size() - 1, seconds, opts)
                             : ""));
  return done;
}

} // namespace

void add_gpus(CLI::App& app, context& ctx, std::function<int()>& action) {
  auto opts = std::make_shared<gpu_options>();
  auto* cmd = app.add_subcommand("gpus", "Show the GPUs that workers rent");
  cmd
    ->add_option("--closed", opts->closed,
                 "Show this many ended GPUs instead, the latest first")
    ->check(CLI::Range(1, 100'000));
  cmd
    ->add_option(
      "--price", opts->price_per_hour,
      "Price of a GPU hour in dollars: adds what each GPU and all have cost")
    ->check(CLI::Range(0.0, 1e6));
  auto* drain = cmd->add_option("--drain", opts->drain,
                                "This GPU takes no more jobs, and stops when "
                                "it has none");
  cmd
    ->add_option("--stop", opts->stop,
                 "This GPU stops at once; its jobs begin again, uncounted")
    ->excludes(drain);
  cmd->footer(
    "A GPU whose lease has run out has lost its worker; another "
    "worker adopts it\nwithin a minute. In state intent the provider "
    "has not named the workload yet;\nin state running some of the "
    "GPU's services are not up yet. Below the table: what the provider "
    "listed\nwhen a worker asked last, each five minutes."
    "\n\nExamples:\n  c3ctl gpus\n  "
    "c3ctl gpus --closed 20 --price 1.2\n  c3ctl gpus --json\n  c3ctl "
    "gpus --stop 9f86d081884c7d65");
  cmd->callback([&ctx, &action, opts] {
    action = [&ctx, opts] {
      return with_redis(ctx, [&](redis& db) {
        if (auto stop = !opts->stop.empty(); stop || !opts->drain.empty())
          return wish_of_gpu(ctx, db, stop ? opts->stop : opts->drain, stop);
        return opts->closed > 0 ? show_closed(ctx, db, *opts)
                                : show_open(ctx, db, *opts);
      });
    };
  });
}

} // namespace render::ctl
