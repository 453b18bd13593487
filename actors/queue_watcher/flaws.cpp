#include "actors/queue_watcher/flaws.hpp"

#include "messages/ids.hpp"
#include "messages/job_params.hpp"
#include "messages/public_error.hpp"
#include "messages/text/printable.hpp"

#include <algorithm>

namespace render::queue_watcher {

bool is_late(double complete_by_s, double unix_s) {
  return complete_by_s > 0 && complete_by_s <= unix_s;
}

std::optional<double> late_at(const job& x, const moment& now) {
  if (x.complete_by_s <= 0)
    return std::nullopt;
  return now.steady_at(x.complete_by_s);
}

std::optional<failure> flaw_of(const job& x, double unix_s) {
  if (auto id = job_id::from(x.id); !id)
    return id.error();
  if (is_late(x.complete_by_s, unix_s))
    return failure{failure_kind::deadline_passed, std::string{expired_text}};
  if (auto params = validate(x); !params)
    return params.error();
  return std::nullopt;
}

std::string name_of(const job& x) {
  return "job " + printable(x.id, 80) + " (" + printable(x.type, 40) + "): ";
}

std::string last_word(const msg::unfit_job& x, double unix_s) {
  auto& [subject, reason] = x;
  if (reason.kind != failure_kind::deadline_passed)
    return name_of(subject) + "refused: " + printable(reason.message, 500);
  auto out = name_of(subject) + "expired: ";
  if (subject.created_at_s <= 0)
    return out + reason.message;
  auto waited_s = std::max(0.0, unix_s - subject.created_at_s);
  return out + "waited " + std::to_string(static_cast<int64_t>(waited_s))
         + " s, and its complete_by has passed";
}

event about_end(const msg::unfit_job& x, double unix_s) {
  auto& [subject, reason] = x;
  event out{reason.kind == failure_kind::deadline_passed ? "job_expired"
                                                         : "job_refused"};
  out.job = subject.id;
  out.type = subject.type;
  out.error_kind = to_string(reason.kind);
  if (subject.created_at_s > 0)
    out.seconds = std::max(0.0, unix_s - subject.created_at_s);
  return out;
}

} // namespace render::queue_watcher
