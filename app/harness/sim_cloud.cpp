#include "app/harness/sim_cloud.hpp"

#include "app/harness/virtual_seconds.hpp"
#include "messages/text/json.hpp"

namespace render::harness {

using namespace std::chrono_literals;

namespace {} // namespace

std::string_view text_field(std::string_view json, std::string_view name) {
  auto mark = "\"" + std::string{name} + "\":\"";
  auto at = json.find(mark);
  if (at == std::string_view::npos)
    return {};
  at += mark.size();
  return json.substr(at, json.find('"', at) - at);
}

sim_cloud::sim_cloud(sim_web& web, const job_table& jobs, uint64_t seed)
  : web_(web), time_(web.time()), jobs_(jobs), dice_(seed) {
  web_.serve(api_host, [this](const exchange_ptr& x) {
    api(x);
  });
}

double sim_cloud::price(const std::string& type) {
  return type.starts_with("ollama") ? 0.30 : 0.42;
}

double sim_cloud::rented_s() const {
  double out = 0;
  for (auto& [number, x] : gpus_)
    if (!x.foreign())
      out += in_seconds(std::min(x.stopped, time_.now()) - x.created);
  return out;
}

double sim_cloud::busy_s() const {
  double out = 0;
  for (auto& [number, x] : gpus_)
    out += x.busy_s;
  return out;
}

double sim_cloud::cost() const {
  double out = 0;
  for (auto& [number, x] : gpus_)
    if (!x.foreign())
      out += in_seconds(std::min(x.stopped, time_.now()) - x.created) / 3600
             * price(x.type);
  return out;
}

// -- the life of a machine ----------------------------------------------------

sim_gpu& sim_cloud::rent(uint64_t client, const std::string& type,
                         virtual_duration expires) {
  auto number = gpus_.size() + 1;
  auto& x = gpus_[number];
  x.number = number;
  x.workload = "wl-" + std::to_string(number);
  x.node = "gpu" + std::to_string(number) + ".sim";
  x.type = type;
  x.client = client;
  x.created = time_.now();
  x.expires = expires;
  x.node_up = time_.now() + dice_.duration(boot_low_s, boot_high_s);
  if (dice_.chance(faults.never_boots))
    x.node_up = virtual_duration::max();
  auto vision = type.starts_with("ollama");
  for (size_t kind = 0; kind < 4; ++kind) {
    auto here = vision == (kind == 3);
    x.service_up[kind] = here && x.node_up != virtual_duration::max()
                           ? x.node_up
                               + dice_.duration(service_low_s, service_high_s)
                           : virtual_duration::max();
  }
  x.last_busy = virtual_duration::max();
  for (auto ready : x.service_up)
    x.last_busy = std::min(x.last_busy, ready);
  running_.emplace(number, &x);
  changed();
  for (auto* prefix : {"", "ui-"})
    web_.serve(prefix + x.node, [this, number](const exchange_ptr& y) {
      serve(number, y);
    });
  auto at = [this, number](virtual_duration when, auto what) {
    time_.events().at(when, [this, number, what] {
      if (auto& y = gpus_.at(number); y.running())
        (this->*what)(number);
    });
  };
  if (faults.deaths_per_hour > 0)
    at(time_.now()
         + from_seconds(dice_.exponential(3600 / faults.deaths_per_hour)),
       &sim_cloud::kill);
  if (faults.preemptions_per_hour > 0)
    at(time_.now()
         + from_seconds(dice_.exponential(3600 / faults.preemptions_per_hour)),
       &sim_cloud::preempt);
  time_.events().at(expires, [this, number] {
    if (auto& y = gpus_.at(number); y.running())
      end(y, "expired");
  });
  if (on_launch)
    on_launch(x);
  return x;
}

const sim_gpu& sim_cloud::add_foreign(const std::string& type) {
  return rent(0, type, from_seconds(365 * 86'400.0));
}

void sim_cloud::end(sim_gpu& x, const std::string& why) {
  if (!x.running())
    return;
  x.stopped = time_.now();
  x.end = why;
  running_.erase(x.number);
  changed();
  web_.remove(x.node);
  web_.remove("ui-" + x.node);
  auto runs = x.runs;
  for (auto& [number, run] : runs) {
    auto listener = run.listener.lock();
    end_run(x, number);
    if (listener && listener->open())
      listener->reset(0ns);
  }
  if (on_end)
    on_end(x);
}

void sim_cloud::kill(uint64_t number) {
  auto& x = gpus_.at(number);
  x.dead = true;
  auto runs = x.runs;
  for (auto& [run, entry] : runs)
    end_run(x, run);
}

void sim_cloud::preempt(uint64_t number) {
  end(gpus_.at(number), "preempted");
}

// -- the API ------------------------------------------------------------------

void sim_cloud::changed() {
  listed_is_fresh_ = false;
  if (faults.list_lag_s > 0)
    time_.events().after(from_seconds(faults.list_lag_s), [this] {
      listed_is_fresh_ = false;
    });
}

bool sim_cloud::is_listed(const sim_gpu& x) const {
  auto lag = from_seconds(faults.list_lag_s);
  auto seen_from = x.created + lag;
  auto seen_until = x.running() ? virtual_duration::max() : x.stopped + lag;
  return seen_from <= time_.now() && time_.now() < seen_until;
}

void sim_cloud::api(const exchange_ptr& x) {
  if (api_down)
    return x->hang();
  auto path = x->path();
  if (path == "/launch")
    return launch(x);
  if (dice_.chance(faults.call_refused))
    return x->page(30ms, dice_.chance(0.5) ? 502 : 503);
  if (path == "/workloads")
    return list(x);
  if (path == "/stop")
    return stop(x);
  x->respond(5ms, 404, "application/json", R"({"error":"no such call"})");
}

void sim_cloud::launch(const exchange_ptr& x) {
  if (dice_.chance(faults.launch_refused))
    return x->page(50ms, dice_.chance(0.5) ? 503 : 403);
  auto doc = json::parse(x->request.body);
  if (!doc)
    return x->respond(5ms, 400, "application/json", R"({"error":"no JSON"})");
  ++launches_;
  auto expires_unix = json::number(*doc, "expires").value_or(0);
  auto& gpu = rent(x->client, json::string_or_empty(*doc, "type"),
                   from_seconds(expires_unix - virtual_epoch_s));
  auto takes = dice_.duration(0.2, 1.5);
  if (!lost_answers.empty()) {
    auto status = lost_answers.front();
    lost_answers.erase(lost_answers.begin());
    return x->page(takes, status);
  }
  if (dice_.chance(faults.launch_answer_lost)) {
    if (!dice_.chance(0.5))
      return x->reset(takes);
    // A proxy gave up, or the handler failed after the machine was made.
    static constexpr std::array statuses{504, 500, 503, 408};
    auto status = statuses[gpu.number % statuses.size()];
    return x->page(takes + (status == 504 ? 5s : 0s), status);
  }
  x->json(takes, R"({"node":")" + gpu.node + R"(","workload":")" + gpu.workload
                   + R"(","workload_key":"k"})");
}

void sim_cloud::list(const exchange_ptr& x) {
  ++list_calls_;
  if (!listed_is_fresh_) {
    listed_ = "[";
    auto add = [this](const sim_gpu& gpu) {
      if (!is_listed(gpu))
        return;
      auto unix = [](virtual_duration t) {
        return std::to_string(
          static_cast<int64_t>(virtual_epoch_s + in_seconds(t)));
      };
      listed_ += listed_.size() > 1 ? "," : "";
      listed_ += R"({"workload":")" + gpu.workload + R"(","node":")" + gpu.node
                 + R"(","type":")" + gpu.type
                 + R"(","status":"running","running":true,"created":)"
                 + unix(gpu.created) + R"(,"expires":)" + unix(gpu.expires)
                 + "}";
    };
    if (faults.list_lag_s > 0) {
      // The list also has workloads that have just stopped.
      for (auto at = gpus_.rbegin(); at != gpus_.rend(); ++at)
        if (at->second.running()
            || at->second.stopped + from_seconds(faults.list_lag_s)
                 > time_.now())
          add(at->second);
    } else {
      for (auto& [number, gpu] : running_)
        add(*gpu);
    }
    listed_ += "]";
    listed_is_fresh_ = true;
  }
  x->json(dice_.duration(0.02, 0.1), listed_);
}

void sim_cloud::stop(const exchange_ptr& x) {
  auto workload = text_field(x->request.body, "workload");
  auto number
    = workload.size() > 3 ? std::strtoull(workload.data() + 3, nullptr, 10) : 0;
  auto at = gpus_.find(number);
  if (at == gpus_.end())
    return x->respond(20ms, 404, "application/json",
                      R"({"error":"workload not found"})");
  if (on_stop_asked)
    on_stop_asked(at->second, x->client);
  if (!at->second.running())
    return x->respond(20ms, 400, "application/json",
                      R"({"error":"workload already stopped"})");
  end(at->second, "stopped");
  x->json(dice_.duration(0.1, 0.5), R"({"stopped":1,"refund_amount":0.01})");
}

} // namespace render::harness
