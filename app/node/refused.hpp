#pragma once
// What a setting answers to a value that it does not take.
#include "messages/failure.hpp"
#include "messages/http.hpp"

#include <string>
#include <string_view>

namespace render {

/// `rule` is the whole rule, so that nobody learns it by trial.
inline tl::unexpected<failure> refused(std::string_view got,
                                       const std::string& rule) {
  return fail(failure_kind::invalid_input,
              "must be " + rule + " (got \"" + excerpt(got, 80) + "\")");
}

} // namespace render
