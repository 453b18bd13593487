#include "messages/failure.hpp"

#include <cerrno>

namespace render {

std::string_view to_string(failure_kind kind) noexcept {
  switch (kind) {
  case failure_kind::invalid_input:
    return "invalid_input";
  case failure_kind::rejected:
    return "rejected";
  case failure_kind::unavailable:
    return "unavailable";
  case failure_kind::outcome_unknown:
    return "outcome_unknown";
  case failure_kind::deadline_passed:
    return "deadline_passed";
  case failure_kind::cancelled:
    return "cancelled";
  case failure_kind::shutting_down:
    return "shutting_down";
  case failure_kind::not_owner:
    return "not_owner";
  case failure_kind::internal:
    return "internal";
  case failure_kind::unfit:
    return "unfit";
  case failure_kind::aborted:
    return "aborted";
  case failure_kind::over_budget:
    return "over_budget";
  }
  return "unknown";
}

failure_kind kind_of_errno(int code) noexcept {
  switch (code) {
  case ENOSPC:
  case EDQUOT:
  case EIO:
  case EROFS:
  case EMFILE:
  case ENFILE:
  case ENOMEM:
  case ENOBUFS:
    return failure_kind::unfit;
  default:
    return failure_kind::internal;
  }
}

failure with_context(std::string_view context, failure what) {
  what.message.insert(0, ": ");
  what.message.insert(0, context);
  return what;
}

} // namespace render
