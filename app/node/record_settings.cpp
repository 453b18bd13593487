#include "app/node/record_settings.hpp"

#include "app/node/refused.hpp"
#include "messages/http.hpp"
#include "messages/text/loose_number.hpp"

#include <cmath>

namespace render {

namespace {

using c = worker_config;

std::function<result<void>(worker_config&, std::string_view)>
whole(uint32_t c::*field, double min, double max, std::string rule) {
  return [=](worker_config& cfg, std::string_view text) -> result<void> {
    auto x = loose_number(text);
    if (!x || std::floor(*x) != *x || *x < min || *x > max)
      return refused(text, rule);
    cfg.*field = static_cast<uint32_t>(*x);
    return {};
  };
}

} // namespace

std::vector<setting> with_record_settings(std::vector<setting> before) {
  constexpr auto ten_years_s = 315'360'000.0;
  const std::string seconds = "whole seconds, ten years at most";
  before.push_back({"JOB_TTL", "0",
                    "Seconds after a job's end until Redis deletes its record; "
                    "0: never.",
                    false, false,
                    whole(&c::job_ttl_s, 0, ten_years_s, seconds)});
  before.push_back(
    {"ENDED_JOBS_MAX", "10000",
     "Ended jobs that c3ctl jobs finds, of each type and status "
     "too.",
     false, false,
     whole(&c::ended_jobs_max, 1, 10e6, "a whole number from 1 to 10000000")});
  before.push_back({"ENDED_JOBS_TTL", "604800",
                    "Seconds for which c3ctl jobs finds an ended job.", false,
                    false,
                    whole(&c::ended_jobs_ttl_s, 1, ten_years_s, seconds)});
  return before;
}

} // namespace render
