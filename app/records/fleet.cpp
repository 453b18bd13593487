#include "app/records/fleet.hpp"

#include "actors/io/redis/scripts/keys.hpp"
#include "app/records/job_list.hpp"
#include "app/records/members.hpp"
#include "messages/text/printable.hpp"

#include <algorithm>

namespace render::records {

namespace {

namespace wire = job_store::keys;

/// The first pause stays; a reason given later takes the place of its reason.
constexpr auto pause_lua = R"lua(
if redis.replicate_commands then redis.replicate_commands() end
local paused, events = unpack(KEYS)
local by, why = unpack(ARGV)
if redis.call('HEXISTS', paused, 'since') == 1 then
  if why ~= '' then redis.call('HSET', paused, 'why', why) end
  return 0
end
redis.call('HSET', paused, 'since', redis.call('TIME')[1], 'by', by,
           'why', why)
redis.pcall('XADD', events, 'MAXLEN', '~', 10000, '*', 'what', 'fleet_paused',
            'by', by, 'reason', why)
return 1
)lua";

constexpr auto resume_lua = R"lua(
if redis.replicate_commands then redis.replicate_commands() end
local paused, events = unpack(KEYS)
if redis.call('DEL', paused) == 0 then return 0 end
redis.pcall('XADD', events, 'MAXLEN', '~', 10000, '*', 'what', 'fleet_resumed',
            'by', ARGV[1])
return 1
)lua";

open_gpu to_open_gpu(std::string id, record fields, double left_s) {
  auto since = [now = unix_now()](double unix_s) {
    return unix_s > 0 ? std::max(0.0, now - unix_s) : 0;
  };
  open_gpu out{std::move(id), std::move(fields), left_s};
  out.stopping_s = since(number_field(out.fields, "stopping_at"));
  auto launched = number_field(out.fields, "launched_at");
  out.rented_s = since(launched);
  out.age_s = launched > 0 ? out.rented_s
                           : since(number_field(out.fields, "intent_at"));
  return out;
}

result<bool> change_pause(redis& db, const char* lua, const std::string& by,
                          const std::string& why) {
  auto got = db.ask({"EVAL", lua, "2", wire::paused(key_prefix),
                     wire::events(key_prefix), printable(by, 200),
                     printable(why, 200)});
  if (!got)
    return fail(got.error());
  return got->integer == 1;
}

} // namespace

result<std::vector<worker_view>> read_workers(redis& db) {
  auto beats = read_heartbeats(db);
  if (!beats)
    return fail(beats.error());
  std::vector<worker_view> out;
  for (auto& x : beats->all)
    // The workers themselves remove those whose time is over.
    if (!x.fields.empty() || x.score > beats->now_s * 1000)
      out.push_back({std::move(x.id), std::move(x.fields), beats->now_s});
  std::sort(out.begin(), out.end(), [](auto& a, auto& b) {
    return a.id < b.id;
  });
  return out;
}

result<std::vector<open_gpu>> read_open_gpus(redis& db) {
  auto entries = read_members(db, wire::gpus(key_prefix), 100'000,
                              [](const std::string& id) {
                                return wire::gpu(key_prefix, id);
                              });
  if (!entries)
    return fail(entries.error());
  std::vector<open_gpu> out;
  for (auto& x : entries->all)
    // Else it has ended since the ids were read.
    if (!x.fields.empty())
      out.push_back(to_open_gpu(std::move(x.id), std::move(x.fields),
                                x.score / 1000 - entries->now_s));
  return out;
}

result<std::optional<provider_sight>>
read_provider(redis& db, const std::vector<open_gpu>& ledger) {
  auto beats = read_heartbeats(db, {"provider"});
  if (!beats)
    return fail(beats.error());
  std::vector<worker_view> workers;
  for (auto& x : beats->all)
    workers.push_back({std::move(x.id), std::move(x.fields), beats->now_s});
  return provider_of(workers, ledger);
}

result<std::vector<json::document>> read_closed_gpus(redis& db,
                                                     uint32_t limit) {
  std::vector<json::document> out;
  if (limit == 0)
    return out;
  auto got = db.ask(
    {"LRANGE", wire::closed_gpus(key_prefix), "0", std::to_string(limit - 1)});
  if (!got)
    return fail(got.error());
  for (auto& x : got->elements)
    if (auto doc = json::parse(x.text); doc && doc->IsObject())
      out.push_back(std::move(*doc));
  return out;
}

result<std::vector<leased_job>> read_leased(redis& db, uint32_t limit) {
  auto leased = read_members(db, wire::leases(key_prefix), limit, wire::record,
                             shown_fields());
  if (!leased)
    return fail(leased.error());
  std::vector<leased_job> out;
  for (auto& x : leased->all)
    out.push_back(
      {std::move(x.id), std::move(x.fields), x.score / 1000 - leased->now_s});
  return out;
}

std::set<std::string> busy_gpus(const std::vector<leased_job>& running) {
  std::set<std::string> out;
  for (auto& x : running)
    out.insert(field(x.fields, "gpu"));
  return out;
}

result<record> read_pause(redis& db) {
  auto got = db.hash(wire::paused(key_prefix));
  if (got && field(*got, "since").empty())
    return record{};
  return got;
}

result<bool> pause_fleet(redis& db, const std::string& by,
                         const std::string& why) {
  return change_pause(db, pause_lua, by, why);
}

result<bool> resume_fleet(redis& db, const std::string& by) {
  return change_pause(db, resume_lua, by, {});
}

} // namespace render::records
