#include "messages/job.hpp"

namespace render {

std::string_view to_string(job_kind kind) noexcept {
  switch (kind) {
  case job_kind::csm:
    return "csm";
  case job_kind::whisper:
    return "whisper";
  case job_kind::portrait:
    return "portrait";
  case job_kind::analyze:
    return "analyze";
  }
  return "unknown";
}

std::optional<job_kind> job_kind_from(std::string_view type) noexcept {
  for (auto kind : all_job_kinds)
    if (to_string(kind) == type)
      return kind;
  return std::nullopt;
}

} // namespace render
