#include "actors/io/redis/heartbeat.hpp"

#include "actors/io/redis/scripts/codec.hpp"
#include "actors/io/redis/scripts/heartbeat.hpp"
#include "messages/outlook.hpp"
#include "messages/text/json.hpp"
#include "messages/text/utf8.hpp"

#include <algorithm>
#include <cmath>

namespace render::job_store {

namespace {

constexpr gpu_phase shown_phases[] = {gpu_phase::launching, gpu_phase::booting,
                                      gpu_phase::ready, gpu_phase::draining,
                                      gpu_phase::stopping};

/// {"media:fast":{"reason":"jitter","text":"jitter, launch in 12 s",…}}
std::string launches_json(const msg::node_status& x) {
  std::string out = "{";
  for (auto& [type, why] : x.launches) {
    auto number = [](double s) {
      return number_text(std::floor(s * 1000) / 1000);
    };
    out += (out.size() > 1 ? "," : "") + json::quote(valid_utf8(type))
           + ":{\"reason\":" + json::quote(to_string(why.kind))
           + ",\"text\":" + json::quote(valid_utf8(clause_of(why, x.at_s)))
           + ",\"jobs\":" + std::to_string(why.jobs)
           + ",\"until\":" + number(why.until_s) + "}";
  }
  return out + "}";
}

outlook outlook_of(const worker_card& card, const msg::node_status& now) {
  outlook out;
  uint32_t rented = 0;
  for (auto& facts : now.facts.types) {
    rented += facts.gpus;
    outlook::type x;
    x.facts = facts;
    for (auto& [kind, type] : card.workload_of_kind)
      if (type == facts.type)
        x.kinds.push_back(kind);
    if (auto why = now.launches.find(facts.type); why != now.launches.end())
      x.why = why->second;
    out.types.push_back(std::move(x));
  }
  out.room = card.max_gpus - std::min(card.max_gpus, rented);
  out.plans_with_peers = now.plans_with_peers;
  out.away = now.draining || !now.unfit.empty();
  return out;
}

} // namespace

std::vector<std::string>
heartbeat_fields(const worker_card& card, const node_id& session,
                 const msg::node_status& now, const noted_error& last,
                 const account_seen& account) {
  uint32_t slots = 0;
  uint32_t free = 0;
  for (auto& x : now.gpus)
    if (x.phase == gpu_phase::ready) {
      slots += card.slots_per_gpu;
      if (!now.draining)
        free += card.slots_per_gpu - std::min(card.slots_per_gpu, x.busy_slots);
    }
  auto started_s = static_cast<double>(session.incarnation) / 1000;
  std::vector<std::string> out;
  auto add = [&out](std::string name, std::string value) {
    out.push_back(std::move(name));
    out.push_back(std::move(value));
  };
  add("version", card.version);
  add("host", card.host);
  add("cluster", card.cluster);
  add("incarnation", std::to_string(session.incarnation));
  add("started_at", number_text(started_s));
  add("max_gpus", std::to_string(card.max_gpus));
  add("slots", std::to_string(slots));
  add("free_slots", std::to_string(free));
  for (auto phase : shown_phases)
    add("gpus_" + std::string{to_string(phase)},
        std::to_string(
          std::count_if(now.gpus.begin(), now.gpus.end(), [phase](auto& x) {
            return x.phase == phase;
          })));
  add("jobs", std::to_string(now.running_jobs.size()));
  add("draining", now.draining ? "1" : "0");
  add("peers", std::to_string(now.peers));
  add("plans_with_peers", now.plans_with_peers ? "1" : "0");
  add("unfit", now.unfit);
  add("unfit_text", now.unfit_text);
  add("launches", launches_json(now));
  add("settings", card.settings);
  add("outlook", outlook_json(outlook_of(card, now)));
  add("error", last.text);
  add("error_at", number_text(last.at_s));
  auto& balance = account.balance;
  add("balance", balance ? number_text(balance->amount) : "");
  add("balance_at", number_text(balance ? balance->at_s : 0));
  add("provider", account.gpus ? provider_list_json(*account.gpus) : "");
  return out;
}

void heartbeat::tell(const msg::node_status& x,
                     answer_to<msg::fleet_orders> then) {
  heartbeat_args what;
  what.worker = redis_.cfg.worker;
  what.fields = heartbeat_fields(
    redis_.cfg.card, redis_.session, x,
    redis_.cfg.last_error ? redis_.cfg.last_error() : noted_error{},
    redis_.cfg.account ? redis_.cfg.account() : account_seen{});
  what.kept = redis_.cfg.heartbeat_kept;
  what.counted = redis_.cfg.counted();
  redis_.run(call_of(what), [this, then = std::move(then)](answer got) {
    auto said = std::move(got).and_then([this](reply y) {
      return read_heartbeat(std::move(y), redis_.session);
    });
    redis_.cfg.counts->webhooks_pending.set(said ? said->webhooks_pending : -1);
    redis_.cfg.counts->webhooks_dead.set(said ? said->webhooks_dead : -1);
    if (said && wished_)
      wished_(said->wished);
    then(std::move(said).map([](heartbeat_answer&& y) {
      return std::move(y.orders);
    }));
  });
}

} // namespace render::job_store
