#pragma once
// A fleet for the timed rules of the contract: the network takes no time, so
// that times are exact to the millisecond, and every request is recorded.
#include "app/harness/fleet_scenario.hpp"

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

namespace render::harness {

class rule_world : public fleet_scenario {
public:
  explicit rule_world(environment settings = {})
    : fleet_scenario(1, std::move(settings)) {
    world->redis.latency = {0, 0};
    world->web.latency = {0, 0};
    world->web.on_request = [this](const sim_exchange& x) {
      requests_.push_back({ms(), x.request.method,
                           std::string{x.host()} + std::string{x.path()},
                           x.request.body});
    };
  }

  struct request {
    int64_t at_ms = 0;
    std::string method;
    /// Host and path.
    std::string where;
    std::string body;
  };

  int64_t ms() const {
    return std::llround(now_s() * 1000);
  }

  /// When the job's status became "running", and when it became final.
  int64_t begun_ms(size_t job) const {
    return in_ms(watch->jobs()[job].begun);
  }
  int64_t ended_ms(size_t job) const {
    return in_ms(watch->jobs()[job].ended);
  }

  /// Times of all requests whose host and path begin with `where`, oldest
  /// first.
  std::vector<int64_t> times_of(std::string_view where) const {
    std::vector<int64_t> out;
    for (auto& x : requests_)
      if (x.where.starts_with(where))
        out.push_back(x.at_ms);
    return out;
  }

  const std::vector<request>& requests() const noexcept {
    return requests_;
  }

  /// Differences between neighbouring times.
  static std::vector<int64_t> gaps(const std::vector<int64_t>& times) {
    std::vector<int64_t> out;
    for (size_t i = 1; i < times.size(); ++i)
      out.push_back(times[i] - times[i - 1]);
    return out;
  }

  /// The provider refuses everything at once.
  void given_a_provider_that_refuses() {
    world->web.serve(sim_cloud::api_host, [](const exchange_ptr& x) {
      // A page with 5xx would leave open whether a GPU was made.
      x->page(virtual_duration{0}, 403);
    });
  }

  /// Milliseconds until the condition holds; negative: it did not within the
  /// limit.
  int64_t ms_until(const std::function<bool()>& is_so, double limit_s = 3600) {
    auto took = until(is_so, limit_s);
    return took < 0 ? -1 : std::llround(took * 1000);
  }

private:
  static int64_t in_ms(virtual_duration x) {
    return std::llround(static_cast<double>(x.count()) / 1e6);
  }

  std::vector<request> requests_;
};

} // namespace render::harness
