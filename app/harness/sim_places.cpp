#include "app/harness/sim_places.hpp"

#include "app/harness/sim_cloud.hpp"

#include <algorithm>

namespace render::harness {

using namespace std::chrono_literals;

sim_places::sim_places(sim_web& web, const job_table& jobs, uint64_t seed)
  : web_(web), jobs_(jobs), dice_(seed) {
  web_.serve(storage_host, [this](const exchange_ptr& x) {
    if (storage_down)
      return x->respond(20ms, 503, "application/xml", "");
    // No random draw for GET: checks of the storage come at times of their own,
    // and must not change other draws.
    if (x->request.method == "GET")
      return x->respond(20ms, 200, "application/xml", "");
    if (dice_.chance(storage_fails))
      return dice_.chance(0.5) ? x->reset(50ms)
                               : x->respond(20ms, 503, "application/xml", "");
    if (x->request.method == "PUT")
      ++stored_;
    x->respond(dice_.duration(0.02, 0.2), 200, "application/xml", "");
  });
  web_.serve(inputs_host, [this](const exchange_ptr& x) {
    if (dice_.chance(inputs_fail))
      return x->respond(20ms, 503, "text/plain", "busy");
    x->file(dice_.duration(0.05, 0.5),
            x->path().starts_with("/image") ? "image/jpeg" : "audio/mpeg",
            200'000);
  });
}

void sim_places::add_receiver(const std::string& host, receiver_mood mood) {
  receivers_.push_back(host);
  if (mood == receiver_mood::dead) {
    dead_.push_back(host); // An unknown host for the web.
    return;
  }
  web_.serve(host, [this, mood](const exchange_ptr& x) {
    receive(x, mood);
  });
}

bool sim_places::is_dead(std::string_view url) const {
  return std::any_of(dead_.begin(), dead_.end(), [url](auto& host) {
    return url.find("//" + host + "/") != std::string_view::npos;
  });
}

void sim_places::receive(const exchange_ptr& x, receiver_mood mood) {
  if (mood == receiver_mood::slow && dice_.chance(0.5))
    return x->hang();
  if (mood == receiver_mood::failing && dice_.chance(0.7))
    return x->respond(20ms, 500, "text/plain", "no");
  if (auto job = jobs_.find_in(x->request.body))
    delivered_[*job].push_back(
      {*job, web_.time().now(),
       std::string{text_field(x->request.body, "status")}});
  x->respond(dice_.duration(0.02, mood == receiver_mood::slow ? 5 : 0.2), 200,
             "text/plain", "ok");
}

} // namespace render::harness
