#pragma once
// What went wrong, as a value. A failure of an outside world is classified
// once, at the edge where it is seen. Code above that edge decides by `kind`
// and never sees a curl, Redis or HTTP code. A failure holds no secret: keys
// and query strings are kept out of `message`.
#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace render {

enum class failure_kind : uint8_t {
  /// The caller's data is at fault. Final; the message says what to change.
  invalid_input = 1,
  /// A service understood the request and refused it, or its model failed.
  /// Final for the job: another GPU would answer the same.
  rejected,
  /// Infrastructure: no connection, HTTP 5xx, a dead GPU, a cut stream. Worth
  /// another try, preferably elsewhere.
  unavailable,
  /// The request may or may not have taken effect. Look before repeating.
  outcome_unknown,
  /// A time limit of the job itself has passed (max_time, complete_by). Final.
  deadline_passed,
  /// The front end has cancelled or deleted the job. Final; write nothing.
  cancelled,
  /// The worker is stopping: the job goes back to the queue as it was.
  shutting_down,
  /// Another worker owns the job now. Write nothing.
  not_owner,
  /// A bug of this program, or an exception from a library. Final.
  internal,
  /// The worker's own surroundings: disk, memory, file handles, storage, its
  /// name server, a missing program. Another worker may do the job: it goes
  /// back to the queue as it was, and this worker claims nothing until it is
  /// fit again.
  unfit,
  /// This worker stopped its own request. Tells nothing about the job.
  aborted,
  /// A limit of what may be spent does not allow it now. The message is the
  /// limit's name.
  over_budget,
};

std::string_view to_string(failure_kind kind) noexcept;

struct failure {
  failure_kind kind = failure_kind::internal;
  /// A sentence for people, with the context needed to act on it.
  std::string message;

  friend bool operator==(const failure&, const failure&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, failure& x) {
  return f(x.kind, x.message);
}

template <class T>
using result = tl::expected<T, failure>;

inline tl::unexpected<failure> fail(failure_kind kind, std::string message) {
  return tl::unexpected<failure>{failure{kind, std::move(message)}};
}

inline tl::unexpected<failure> fail(failure what) {
  return tl::unexpected<failure>{std::move(what)};
}

/// The kind of a local operation that failed with this errno: `unfit` when the
/// machine lacks something (disk space, file handles, memory) or its disk is
/// broken, else `internal`.
failure_kind kind_of_errno(int code) noexcept;

/// Puts "`context`: " in front of the message; the kind stays.
failure with_context(std::string_view context, failure what);

} // namespace render
