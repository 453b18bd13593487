#pragma once
// The bridge between `failure` (pure code) and `caf::error` (what a request
// between actors can end in). Lossless for our own failures; CAF's own errors
// (timeout, receiver down) become failures with a fitting kind.
#include "messages/failure.hpp"

#include <caf/error.hpp>
#include <caf/result.hpp>

namespace render {

caf::error to_error(const failure& what);

/// A request timeout becomes `outcome_unknown`, a dead receiver `unavailable`,
/// any other error `internal`.
failure to_failure(const caf::error& err);

/// Lets a handler return a `result<T>` of pure code.
template <class T>
caf::result<T> to_caf(result<T> x) {
  if (x)
    return std::move(*x);
  return to_error(x.error());
}

} // namespace render
