#include "app/records/samples.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "app/records/events.hpp"
#include "app/records/fleet.hpp"
#include "app/records/service_keys.hpp"
#include "messages/money.hpp"

#include <set>

namespace render::records {

namespace {

/// A little more than a day of minutes.
constexpr auto most = "1500";
/// Of a turn, ms: less than a minute, so that a call that comes a little early
/// leaves none out.
constexpr auto turn_ms = "55000";

} // namespace

result<bool> take_sample(redis& db) {
  auto turn
    = db.ask({"SET", keys::samples_turn(key_prefix), "1", "NX", "PX", turn_ms});
  if (!turn)
    return fail(turn.error());
  if (turn->nil)
    return false;
  auto waiting = db.ask({"LLEN", std::string{job_store::keys::queue}});
  if (!waiting)
    return fail(waiting.error());
  auto running = read_leased(db, 100'000);
  if (!running)
    return fail(running.error());
  auto gpus = read_open_gpus(db);
  if (!gpus)
    return fail(gpus.error());
  auto use = use_of(*gpus, busy_gpus(*running));
  std::vector<std::string> entry{"XADD",    keys::samples(key_prefix),
                                 "MAXLEN",  "~",
                                 most,      "*",
                                 "waiting", std::to_string(waiting->integer),
                                 "running", std::to_string(running->size()),
                                 "gpus",    std::to_string(use.rented)};
  if (use.micro_per_hour)
    entry.insert(entry.end(),
                 {"usd_per_hour", dollars_text(*use.micro_per_hour)});
  if (auto share = use.idle_share())
    entry.insert(entry.end(), {"idle_share", std::to_string(*share)});
  auto written = db.ask(entry);
  if (!written)
    return fail(written.error());
  return true;
}

result<std::vector<sample>> read_samples(redis& db, double since_s) {
  auto got
    = db.ask({"XRANGE", keys::samples(key_prefix),
              std::to_string(static_cast<int64_t>(since_s * 1000)), "+"});
  if (!got)
    return fail(got.error());
  std::vector<sample> out;
  for (auto& one : got->elements) {
    if (one.elements.size() != 2)
      continue;
    auto told = read_event(one.elements[0].text, one.elements[1].elements);
    auto some = [&](const char* name) -> std::optional<double> {
      if (!told.fields.contains(name))
        return std::nullopt;
      return number_field(told.fields, name);
    };
    out.push_back({told.at_s, number_field(told.fields, "waiting"),
                   number_field(told.fields, "running"),
                   number_field(told.fields, "gpus"), some("usd_per_hour"),
                   some("idle_share")});
  }
  return out;
}

} // namespace render::records
