#include "app/local_cloud/fleet.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace render::local_cloud {

namespace {

constexpr std::array words{
  "amber",  "birch", "cedar", "delta", "ember", "fjord",  "grove", "harbor",
  "indigo", "jade",  "kelp",  "lunar", "maple", "north",  "ocean", "pine",
  "quartz", "river", "solar", "tidal", "umber", "violet", "wheat", "zephyr"};

} // namespace

fleet::fleet(service_context shared, std::filesystem::path root)
  : shared_(std::move(shared)), root_(std::move(root)) {
  reaper_ = std::jthread{[this](std::stop_token stop) {
    reap(stop);
  }};
}

fleet::~fleet() {
  stop_all();
  reaper_.request_stop();
  reaper_.join();
}

std::string fleet::new_name() {
  for (;;) {
    auto word = [this] {
      return words[shared_.random->next() % words.size()];
    };
    auto name = fmt::format("{}-{}-{}.local.comput3.ai", word(), word(),
                            word());
    if (!was_launched(name))
      return name;
  }
}

workload fleet::launch(const launch_order& order) {
  entry x;
  x.what.id = shared_.random->uuid();
  x.what.node = new_name();
  x.what.type = order.type;
  x.what.created = unix_now();
  x.what.expires = order.expires;
  x.listed_from = x.what.created + order.list_lag;
  x.dies_at = x.what.created + order.dies_after;
  x.dies_listed = order.dies_listed;
  x.machine = std::make_shared<node>(shared_, x.what.node, order.type, root_,
                                     order.never_boots);
  auto what = x.what;
  shared_.books->open(what.id, what.node, what.type, what.created,
                      what.expires);
  std::lock_guard lock{mutex_};
  entries_.push_back(std::move(x));
  wake_reaper();
  spdlog::info("launched {} as {} ({})", what.type, what.node, what.id);
  return what;
}

std::vector<workload> fleet::list(bool running_only) const {
  auto now = unix_now();
  std::lock_guard lock{mutex_};
  std::vector<workload> out;
  for (auto& x : entries_)
    if (x.listed_from <= now && (x.what.running || !running_only))
      out.push_back(x.what);
  return out;
}

fleet::stop_outcome fleet::stop(std::string_view id) {
  std::lock_guard lock{mutex_};
  for (auto& x : entries_) {
    if (x.what.id != id)
      continue;
    if (!x.what.running)
      return stop_outcome::not_running;
    end(x, unix_now(), "stopped", false);
    return stop_outcome::stopped;
  }
  return stop_outcome::unknown;
}

std::optional<workload> fleet::find_workload(std::string_view id) const {
  std::lock_guard lock{mutex_};
  for (auto& x : entries_)
    if (x.what.id == id)
      return x.what;
  return std::nullopt;
}

std::shared_ptr<node> fleet::find(std::string_view name) const {
  std::lock_guard lock{mutex_};
  for (auto& x : entries_)
    if (x.what.node == name)
      return x.machine;
  return nullptr;
}

bool fleet::was_launched(std::string_view name) const {
  std::lock_guard lock{mutex_};
  return std::any_of(entries_.begin(), entries_.end(), [&](auto& x) {
    return x.what.node == name;
  });
}

bool fleet::doom(std::string_view name, double seconds, bool stays_listed) {
  std::lock_guard lock{mutex_};
  for (auto& x : entries_) {
    if (x.what.node != name || !x.machine)
      continue;
    x.dies_at = unix_now() + seconds;
    x.dies_listed = stays_listed;
    wake_reaper();
    return true;
  }
  return false;
}

void fleet::stop_all() {
  std::lock_guard lock{mutex_};
  for (auto& x : entries_)
    if (x.machine)
      x.machine->stop();
}

void fleet::end(entry& x, double at, std::string_view reason,
                bool stays_listed) {
  spdlog::info("{} {} after {:.1f} s", x.what.node, reason,
               at - x.what.created);
  shared_.books->close(x.what.id, at, reason);
  x.what.running = stays_listed;
  x.dies_at = std::numeric_limits<double>::infinity();
  if (x.machine) {
    x.machine->stop();
    ended_.push_back(std::move(x.machine));
    x.machine.reset();
  }
  wake_reaper();
}

void fleet::wake_reaper() {
  stale_ = true;
  changed_.notify_all();
}

void fleet::end_those_due(double now) {
  for (auto& x : entries_) {
    if (x.what.running && x.what.expires <= now)
      end(x, now, "expired", false);
    else if (x.what.running && x.dies_at <= now)
      end(x, now, "died", x.dies_listed);
  }
}

double fleet::next_end() const {
  auto out = std::numeric_limits<double>::infinity();
  for (auto& x : entries_)
    if (x.what.running)
      out = std::min({out, x.what.expires, x.dies_at});
  return out;
}

void fleet::reap(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    // The wall clock can be set, so the wait is limited.
    auto span = std::clamp(next_end() - unix_now(), 0.0, 5.0);
    changed_.wait_for(lock, stop, std::chrono::duration<double>{span}, [this] {
      return stale_;
    });
    stale_ = false;
    end_those_due(unix_now());
    auto gone = std::exchange(ended_, {});
    lock.unlock();
    gone.clear();
    lock.lock();
  }
}

} // namespace render::local_cloud
