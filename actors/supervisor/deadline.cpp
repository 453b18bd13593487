#include "actors/supervisor/deadline.hpp"

#include "messages/text/utc_time.hpp"

#include <algorithm>
#include <cmath>

namespace render::supervisor {

namespace {

std::string seconds_text(double s) {
  if (s == std::floor(s))
    return std::to_string(static_cast<int64_t>(s));
  auto text = std::to_string(s);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

} // namespace

std::string utc_text(double unix_s) {
  return utc_time(unix_s, "%Y-%m-%dT%H:%M:%SZ");
}

msg::run_job with_deadline(job x, const moment& now,
                           std::chrono::milliseconds default_max_time,
                           std::chrono::milliseconds cap) {
  auto in_seconds = [](std::chrono::milliseconds d) {
    return static_cast<double>(d.count()) / 1000;
  };
  auto limit = std::min(x.max_time_s > 0 ? x.max_time_s
                                         : in_seconds(default_max_time),
                        in_seconds(cap));
  msg::run_job out;
  out.deadline_s = now.steady_s + limit;
  out.deadline_error = "Job exceeded maximum runtime of " + seconds_text(limit)
                       + " seconds";
  auto complete_by_s = now.steady_at(x.complete_by_s);
  if (x.complete_by_s > 0 && complete_by_s < out.deadline_s) {
    out.deadline_s = complete_by_s;
    out.deadline_error = "Job exceeded completion deadline ("
                         + utc_text(x.complete_by_s) + ")";
  }
  out.subject = std::move(x);
  return out;
}

} // namespace render::supervisor
