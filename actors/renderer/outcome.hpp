#pragma once
// The outcome of an attempt as others may read it: its words may come from a
// rented GPU.
#include "messages/job.hpp"
#include "messages/text/foreign_text.hpp"

#include <cstddef>

namespace render {

/// Bytes of a job's `result`, which stands in the record and in the webhook.
/// A day of speech is an eighth of it.
inline constexpr size_t result_text_max = 4u << 20;

/// The outcome with secrets masked, and errors on one line. A text beyond
/// `result_text_max` makes a failure of it, as `rejected`.
job_outcome fit_to_leave(job_outcome what, const secret_mask& mask);

} // namespace render
