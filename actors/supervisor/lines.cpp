#include "actors/supervisor/lines.hpp"

#include "messages/http.hpp"

#include <algorithm>
#include <utility>

namespace render::supervisor {

namespace {

std::string name_of(const job& x) {
  return "job " + x.id + " (" + excerpt(x.type, 40) + "): ";
}

std::string seconds_text(double x) {
  return std::to_string(static_cast<int64_t>(x * 10) / 10) + "."
         + std::to_string(static_cast<int64_t>(x * 10) % 10) + " s";
}

} // namespace

event about_job(std::string_view name, const job& x) {
  event out{name};
  out.job = x.id;
  out.type = x.type;
  out.attempt = x.attempt;
  return out;
}

say claimed_line(const job& x, double unix_s) {
  auto about = about_job("job_claimed", x);
  auto text = name_of(x) + "claimed, attempt " + std::to_string(x.attempt);
  if (x.created_at_s > 0) {
    about.seconds = std::max(0.0, unix_s - x.created_at_s);
    text += ", waited " + seconds_text(about.seconds);
  }
  return {severity::info, std::move(text), std::move(about)};
}

say placed_line(const job& x, uint64_t gpu) {
  auto about = about_job("job_placed", x);
  about.gpu = gpu;
  return {severity::info, name_of(x) + "goes to gpu " + std::to_string(gpu),
          std::move(about)};
}

say rendered_event(const job& x, uint64_t gpu, double seconds) {
  auto about = about_job("job_rendered", x);
  about.gpu = gpu;
  about.seconds = std::max(0.0, seconds);
  return {severity::info, {}, std::move(about)};
}

say ended_line(const job_id& id, const ended_job& x, double unix_s) {
  event about{"job_ended"};
  about.job = id;
  about.type = x.type;
  about.attempt = x.attempt;
  about.outcome = x.success ? "success" : "failed";
  about.error_kind = x.error_code;
  auto text = "job " + id + " (" + excerpt(x.type, 40) + "): " + about.outcome;
  if (!x.error_code.empty())
    text += " (" + x.error_code + ")";
  if (unix_s > 0 && x.created_s > 0) {
    about.seconds = std::max(0.0, unix_s - x.created_s);
    text += ", " + seconds_text(about.seconds) + " after it was made";
  }
  if (unix_s > 0 && x.complete_by_s > 0)
    about.slack_s = x.complete_by_s - unix_s;
  return {severity::info, std::move(text), std::move(about)};
}

} // namespace render::supervisor
