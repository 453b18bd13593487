#pragma once
// Workers' memberships on a net in virtual time: latency, ways that are cut or
// slow, workers that hang, die and come back.
#include "actors/io/peers/membership.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace render::peers {

class net {
public:
  explicit net(uint64_t seed) : dice_(seed) {
    // nop
  }

  static address address_of(size_t i) {
    return {"h" + std::to_string(i), 7400};
  }

  static worker_id name_of(size_t i) {
    auto digits = std::to_string(i);
    return worker_id{
      "w" + std::string(3 - std::min<size_t>(3, digits.size()), '0') + digits};
  }

  /// Starts worker `i`, or starts it again.
  membership& start(size_t i, const std::vector<size_t>& seeds,
                    const std::function<void(config&)>& adapt = {}) {
    stop(i);
    config cfg;
    cfg.cluster = "c";
    cfg.self = {name_of(i), 1'000 + static_cast<uint64_t>(now_s * 1000) + i};
    cfg.where = address_of(i);
    cfg.version = "1";
    if (adapt)
      adapt(cfg);
    auto& x = nodes_[i];
    x.life = ++lives_;
    x.up = true;
    x.hung = x.finished = false;
    x.missed.clear();
    x.sut = std::make_unique<membership>(cfg, lives_);
    std::vector<address> list;
    for (auto s : seeds)
      list.push_back(address_of(s));
    act(i, x.sut->on_seeds(list, now_s));
    return *x.sut;
  }

  void seed(size_t i, const std::vector<address>& all) {
    act(i, at(i).on_seeds(all, now_s));
  }

  /// The process is gone; its connections break.
  void stop(size_t i) {
    auto& x = nodes_[i];
    if (!x.up)
      return;
    x.up = false;
    x.sut.reset();
    std::vector<connection_key> mine;
    for (auto& [key, c] : connections_)
      if (key.first == x.life || key.second == x.life)
        mine.push_back(key);
    for (auto& key : mine)
      break_connection(key);
  }

  /// SIGSTOP: its connections stay, and nothing is answered.
  void hang(size_t i) {
    nodes_[i].hung = true;
  }

  void resume(size_t i) {
    auto& x = nodes_[i];
    x.hung = false;
    auto late = std::exchange(x.missed, {});
    for (auto& [life, what] : late)
      at_node(i, life, what);
  }

  /// What `a` sends to `b` does not arrive from now on.
  void cut_way(size_t a, size_t b) {
    blocked_.insert({a, b});
  }

  void heal_way(size_t a, size_t b) {
    blocked_.erase({a, b});
  }

  void heal() {
    blocked_.clear();
  }

  void run(double seconds) {
    auto end = now_s + seconds;
    while (!events_.empty() && events_.top().at_s <= end) {
      auto x = events_.top();
      events_.pop();
      now_s = std::max(now_s, x.at_s);
      x.what();
    }
    now_s = end;
  }

  membership& at(size_t i) {
    return *nodes_.at(i).sut;
  }

  bool is_up(size_t i) {
    return nodes_[i].up;
  }

  bool is_hung(size_t i) {
    return nodes_[i].hung;
  }

  void tell(size_t i, const std::string& facts) {
    act(i, at(i).tell(facts, now_s));
  }

  void give(size_t from, size_t to) {
    act(from, at(from).give(name_of(to), now_s));
  }

  void leave(size_t i) {
    act(i, at(i).leave(now_s));
  }

  /// A frame that is none comes from one worker to another.
  void garbage(size_t from, size_t to) {
    act(to, at(to).on_bad_frame(nodes_[from].life,
                                {failure_kind::invalid_input, "junk"}, now_s));
  }

  /// Any frame.
  void inject(size_t from, size_t to, const message& x) {
    act(to, at(to).on_message(nodes_[from].life, x, now_s));
  }

  bool has_finished(size_t i) {
    return nodes_[i].finished;
  }

  double now_s = 1e9;
  /// Of one frame, most.
  double latency_s = 0.02;
  /// The part of frames that TCP has to send again, which takes up to 3 s.
  double loss = 0;
  uint64_t frames = 0;
  uint64_t bytes = 0;
  uint64_t connects = 0;
  uint64_t timers = 0;
  /// Since the start.
  std::map<size_t, uint64_t> changes;
  std::map<size_t, std::vector<worker_id>> gifts;
  /// Warnings and errors.
  std::vector<std::string> lines;

private:
  using connection_key = std::pair<uint64_t, uint64_t>;

  // TCP gives up on what is not confirmed.
  static constexpr double patience_s = 20;

  struct event {
    double at_s;
    uint64_t number;
    std::function<void()> what;

    bool operator<(const event& x) const {
      return std::tie(at_s, number) > std::tie(x.at_s, x.number);
    }
  };
  struct node {
    bool up = false;
    bool hung = false;
    bool finished = false;
    uint64_t life = 0;
    std::unique_ptr<membership> sut;
    std::vector<std::pair<uint64_t, std::function<void()>>> missed;
  };
  struct connection {
    uint64_t number = 0;
    /// TCP keeps the order of each way; by the receiver's life.
    std::map<uint64_t, double> last_s;
  };

  static connection_key key_of(uint64_t a, uint64_t b) {
    return {std::min(a, b), std::max(a, b)};
  }

  void later(double delay_s, std::function<void()> what) {
    events_.push({now_s + delay_s, ++number_, std::move(what)});
  }

  double some_latency() {
    auto out = std::uniform_real_distribution<>{0.001, latency_s}(dice_);
    if (loss > 0 && std::uniform_real_distribution<>{0, 1}(dice_) < loss)
      out += std::uniform_real_distribution<>{0.2, 3}(dice_);
    return out;
  }

  /// Runs at worker `i` if it is still in that life, when it does not hang.
  void at_node(size_t i, uint64_t life, const std::function<void()>& what) {
    auto& x = nodes_[i];
    if (!x.up || x.life != life)
      return;
    if (x.hung)
      x.missed.emplace_back(life, what);
    else
      what();
  }

  size_t node_of(uint64_t life) const {
    for (auto& [i, x] : nodes_)
      if (x.life == life)
        return i;
    return SIZE_MAX;
  }

  void break_connection(connection_key key) {
    connections_.erase(key);
    for (auto [mine, other] : {key, connection_key{key.second, key.first}}) {
      auto i = node_of(mine);
      if (i == SIZE_MAX || !nodes_[i].up)
        continue;
      later(some_latency(), [this, i, mine = mine, other = other] {
        at_node(i, mine, [this, i, mine, other] {
          // A new one may have come up since.
          if (!connections_.contains(key_of(mine, other)))
            act(i, at(i).on_link_down(other, now_s));
        });
      });
    }
  }

  bool blocked(size_t a, size_t b) const {
    return blocked_.contains({a, b});
  }

  void act(size_t i, const effects& xs) {
    for (auto& x : xs)
      std::visit(
        [&](auto& one) {
          perform(i, one);
        },
        x);
  }

  void perform(size_t i, const connect& x) {
    ++connects;
    auto to = std::stoul(x.to.host.substr(1));
    auto life = nodes_[i].life;
    auto fails = blocked(i, to) || blocked(to, i) || nodes_[to].hung;
    later(fails ? 5 : 2 * some_latency(), [this, i, life, x, to, fails] {
      at_node(i, life, [this, i, life, x, to, fails] {
        auto& other = nodes_[to];
        if (fails || !other.up) {
          act(i, at(i).on_connect_failed(
                   x.to, {failure_kind::unavailable, "refused"}, now_s));
          return;
        }
        auto& c = connections_[key_of(life, other.life)];
        if (c.number == 0)
          c.number = ++number_;
        act(i, at(i).on_connected(x.to, other.life, now_s));
      });
    });
  }

  void perform(size_t i, const send& x) {
    auto text = encode(x.what);
    ++frames;
    bytes += text.size();
    auto mine = nodes_[i].life;
    auto at = connections_.find(key_of(mine, x.link));
    // A word to oneself needs no connection.
    if (at == connections_.end() && x.link != mine)
      return;
    auto& c = connections_[key_of(mine, x.link)];
    if (c.number == 0)
      c.number = ++number_;
    auto& last = c.last_s[x.link];
    last = std::max(last, now_s + some_latency());
    carry(i, x.link, c.number, text, last - now_s, now_s);
  }

  void carry(size_t from, uint64_t to_life, uint64_t connection_number,
             const std::string& text, double delay_s, double since_s) {
    auto from_life = nodes_[from].life;
    later(delay_s, [=, this] {
      auto to = node_of(to_life);
      auto key = key_of(from_life, to_life);
      auto at = connections_.find(key);
      if (to == SIZE_MAX || at == connections_.end()
          || at->second.number != connection_number)
        return;
      if (blocked(from, to)) {
        if (now_s - since_s > patience_s) {
          break_connection(key);
          return;
        }
        // What follows waits behind it.
        auto& last = at->second.last_s[to_life];
        last = std::max(last, now_s + 0.5);
        carry(from, to_life, connection_number, text, 0.5, since_s);
        return;
      }
      at_node(to, to_life, [=, this] {
        auto got = decode(text);
        if (got)
          act(to, this->at(to).on_message(from_life, *got, now_s));
        else
          act(to, this->at(to).on_bad_frame(from_life, got.error(), now_s));
      });
    });
  }

  void perform(size_t i, const arm_timer& x) {
    ++timers;
    later(static_cast<double>(x.delay.count()) / 1000,
          [this, i, x, life = nodes_[i].life] {
            at_node(i, life, [this, i, x] {
              act(i, at(i).on_timer(x.generation, now_s));
            });
          });
  }

  void perform(size_t i, const changed&) {
    ++changes[i];
  }

  void perform(size_t i, const take_gift& x) {
    gifts[i].push_back(x.from);
  }

  void perform(size_t i, const finish&) {
    nodes_[i].finished = true;
    later(0, [this, i, life = nodes_[i].life] {
      if (nodes_[i].life == life)
        stop(i);
    });
  }

  void perform(size_t i, const say& x) {
    if (x.level != severity::info)
      lines.push_back(name_of(i).text() + ": " + x.text);
  }

  std::mt19937_64 dice_;
  std::map<size_t, node> nodes_;
  std::map<connection_key, connection> connections_;
  std::set<std::pair<size_t, size_t>> blocked_;
  std::priority_queue<event> events_;
  uint64_t number_ = 0;
  uint64_t lives_ = 0;
};

} // namespace render::peers
