#pragma once
// What must be known before a request can be dialled: its proxy, and the
// addresses of the names on its way. Pure.
#include "actors/io/http/curl_loop.hpp"

#include <string>
#include <vector>

namespace render {

/// A host on the way, with its addresses once they are known.
struct way_point {
  std::string host;
  uint16_t port = 0;
  std::vector<ip_address> addresses;
  /// Only addresses that a stranger's URL may reach may be dialled.
  bool checked = false;
  /// A name that is not known here does not fail the request: a proxy looks it
  /// up.
  bool optional = false;
  /// The host is an address.
  bool literal = false;
};

struct dialling {
  web_target target;
  /// Empty: none.
  std::string proxy;
  std::vector<way_point> way;
  /// The peer of the connection is the target itself, and its address must be
  /// checked.
  bool check_peer = false;
  /// The host is a GPU's, whose load balancer may pin a session by cookie.
  bool keeps_cookies = false;
};

/// Whether a header may be seen by the first server only.
bool carries_secret(const http_request& x);

/// `name` in lower case.
bool has_header(const http_request& x, std::string_view name);

dialling plan_dialling(const http_request& request, web_target target,
                       const http_config& cfg);

/// Drops the addresses that may not be reached. False when none is left.
bool keep_permitted(way_point& x, const private_allowances& allowed);

/// For CURLOPT_RESOLVE.
std::vector<std::string> resolved_names(const dialling& x);

} // namespace render
