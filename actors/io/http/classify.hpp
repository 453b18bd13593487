#pragma once
// What a transfer that brought no complete answer means for whoever asked.
// Pure: the only place that knows curl's error codes by meaning.
#include "messages/failure.hpp"
#include "messages/http.hpp"

#include <chrono>
#include <string>

namespace render {

/// How a transfer ended without a complete answer.
struct transfer_error {
  /// A CURLcode.
  int code = 0;
  /// curl's own words, for people.
  std::string detail;
  /// True when the connection stood, so that the server may have got it.
  bool sent = false;
  std::chrono::milliseconds elapsed{0};
  /// The address may not be reached, whoever stands there.
  bool forbidden = false;
};

/// Kinds: `invalid_input` for a URL that cannot be used, `unfit` when this
/// machine is out of memory, `outcome_unknown`
/// when something other than GET or HEAD may have reached the server,
/// `rejected` for an address that may not be reached, otherwise `unavailable`.
/// Of a request with `public_only` the message tells nothing that would tell
/// one closed port, refused address or unknown name from another.
failure classify(const http_request& request, const transfer_error& error);

/// The same with all that is known, for the operator.
std::string full_text(const http_request& request, const transfer_error& error);

/// "GET https://host/path" in printable characters, without query and secrets;
/// of a request with `public_only` without the path too, which may be one.
std::string describe(const http_request& request);

} // namespace render
