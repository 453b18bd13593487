#pragma once
// What a failed job's customer is told, apart from what its operator is told.
// Pure. The full text of a failure may name nodes, hosts and paths of the
// fleet; it stays with the operators, as `error_detail` of the record.
#include "messages/job.hpp"

#include <string>
#include <string_view>

namespace render {

/// `error_code` of a failed job's record. The list is closed, and documented in
/// docs/job-contract.md.
enum class error_code : uint8_t {
  /// Its parameters or inputs are at fault.
  invalid_input = 1,
  /// The model or its service refused it; again would be the same.
  rejected,
  /// `complete_by` had passed before work began.
  expired,
  /// A limit of time passed while it was worked on.
  deadline_exceeded,
  /// GPUs or services failed under it, as often as it may be tried.
  unavailable,
  /// Cancelled by its producer or the front end.
  cancelled,
  /// A fault of the worker.
  internal,
};

std::string_view to_string(error_code x) noexcept;

/// The `error` of a job that expired, as the contract has it.
inline constexpr std::string_view expired_text
  = "Job expired before processing could begin";

error_code public_code(const failure& what) noexcept;

/// One sentence without HTML, paths, and hosts that do not stand in `said`,
/// the text that the customer wrote. Of a failure that is not about the job
/// itself, only the fact. Never empty.
std::string public_text(const failure& what, std::string_view said);

/// Of a failure: moves its message to `error_detail` and sets `error_code` and
/// the public message. `beginning` goes before both texts. Of a success:
/// nothing.
void make_public(job_outcome& x, std::string_view beginning,
                 std::string_view said);

} // namespace render
