#pragma once
// Reads the head of a request, and refuses what two programs in a row could
// read in two ways.
#include "app/web/message.hpp"

#include <boost/beast/http.hpp>

#include <optional>
#include <string>
#include <vector>

namespace render::web {

struct read_head {
  request x;
  /// The answer when it is refused.
  std::optional<response> refused;
};

/// `peer`: the address of the connection. One of `proxies` names its own
/// client in X-Forwarded-For. `most`: bytes of a head. The parser has a look at
/// this limit only when a head comes in pieces.
read_head head_of(const boost::beast::http::request_header<>& head,
                  std::string peer, const std::vector<std::string>& proxies,
                  size_t most);

/// The answer to a head that could not be read; absent: there is nobody to
/// tell.
std::optional<response> refusal_of(boost::system::error_code err);

} // namespace render::web
