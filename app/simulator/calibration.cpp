#include "app/simulator/calibration.hpp"

#include "actors/io/redis/scripts/codec.hpp"
#include "actors/supervisor/forecast.hpp"
#include "app/harness/virtual_seconds.hpp"

#include <map>
#include <string>

namespace render::simulator {

using namespace harness;

namespace {

/// A forecast is not wrong for a second: claims and looks take their time.
constexpr double tolerance_s = 1;

double number_of(std::string_view text) {
  return job_store::parse_number(text).value_or(0);
}

} // namespace

calibration::calibration(sim_world& world) : world_(world) {
  // nop
}

void calibration::ask(size_t job) {
  auto& server = world_.redis.server();
  auto id = job_table::id_of(job);
  if (server.field("job:" + id, "status") != "queued")
    return;
  auto now_s = in_seconds(world_.time.now());
  auto unix_s = virtual_epoch_s + now_s;
  supervisor::forecast all;
  std::map<job_kind, workload_type> type_of;
  for (auto& [key, value] : server.data()) {
    if (!key.starts_with("c3:worker:"))
      continue;
    auto age_s = unix_s - number_of(server.field(key, "seen_at"));
    auto x = read_outlook(server.field(key, "outlook"));
    if (!x || age_s > 30)
      continue;
    for (auto& type : x->types)
      for (auto kind : type.kinds)
        type_of[kind] = type.facts.type;
    all.add(std::move(*x), age_s);
  }
  auto kind = job_kind_from(server.field("job:" + id, "type"));
  auto* queue = server.find("queue:jobs");
  if (!kind || !queue)
    return;
  std::vector<job_kind> before;
  for (auto& other : std::get<redis_list>(queue->data)) {
    auto its = job_kind_from(server.field("job:" + other, "type"));
    if (its && type_of[*its] == type_of[*kind])
      before.push_back(*its);
    if (other == id)
      break;
  }
  auto got = all.of(before, unix_s);
  if (!got || got->never || got->guessed)
    ++unknown_;
  else
    said_.push_back({job, now_s, got->low_s, got->high_s});
}

calibration::outcome calibration::compare(const auditor& watch) const {
  outcome out;
  out.unknown = unknown_;
  for (auto& x : said_) {
    if (x.job >= watch.jobs().size())
      continue;
    auto& course = watch.jobs()[x.job];
    auto begun_s = in_seconds(course.begun);
    if (begun_s < x.at_s)
      continue; // It never began.
    ++out.asked;
    auto took_s = begun_s - x.at_s;
    if (took_s < x.low_s - tolerance_s)
      ++out.sooner;
    else if (took_s > x.high_s + tolerance_s)
      ++out.later;
    else
      ++out.within;
  }
  return out;
}

} // namespace render::simulator
