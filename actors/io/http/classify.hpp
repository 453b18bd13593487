#pragma once
// What a transfer without a complete answer means for its asker. Pure: the only
// place that knows the meaning of curl's error codes.
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
  /// True when the connection was made, so that the server may have got the
  /// request.
  bool sent = false;
  std::chrono::milliseconds elapsed{0};
  /// The policy for strangers' URLs forbids the address.
  bool forbidden = false;
  /// The errno with which this machine refused a socket, when that was for
  /// something that it lacks; else 0.
  int lacks = 0;
};

/// Kinds: `invalid_input` for a URL that cannot be used, `outcome_unknown` when
/// something other than GET or HEAD may have reached the server, `unfit` when
/// this machine is out of memory or file handles, `rejected` for an address
/// that may not be reached, otherwise `unavailable`. With `public_only` a
/// closed port, a refused address and an unknown name all get the same message.
failure classify(const http_request& request, const transfer_error& error);

/// The failure with all details, for the operator.
std::string full_text(const http_request& request, const transfer_error& error);

/// "GET https://host/path" in printable characters, without query and secrets.
/// With `public_only` also without the path, which may be a secret.
std::string describe(const http_request& request);

} // namespace render
