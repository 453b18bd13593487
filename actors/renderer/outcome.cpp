#include "actors/renderer/outcome.hpp"

namespace render {

job_outcome fit_to_leave(job_outcome what, const secret_mask& mask) {
  if (!what.success()) {
    what.error = fit_to_leave(std::move(what.error), mask);
  } else if (what.text.size() > result_text_max) {
    auto text = "the result has " + std::to_string(what.text.size())
                + " bytes of text, accepted are at most "
                + std::to_string(result_text_max);
    return failed_outcome({failure_kind::rejected, std::move(text)});
  }
  what.text = mask.masked(what.text);
  return what;
}

} // namespace render
