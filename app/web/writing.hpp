#pragma once
// Writes an answer to a connection, piece by piece.
#include "app/web/message.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <chrono>

namespace render::web {

/// What all answers have.
template <class Body>
void set_common_headers(boost::beast::http::response<Body>& to,
                        const response& x) {
  to.version(11);
  to.result(x.status);
  if (!x.type.empty())
    to.set(boost::beast::http::field::content_type, x.type);
  to.set("X-Content-Type-Options", "nosniff");
  to.set("Referrer-Policy", "no-referrer");
  to.set("Cross-Origin-Resource-Policy", "same-origin");
  to.set(boost::beast::http::field::cache_control, "no-store");
  for (auto& [name, value] : x.headers)
    to.set(name, value);
}

struct way_of_writing {
  /// The request was HEAD.
  bool only_head = false;
  /// The connection stays open.
  bool keep = false;
};

/// False when the connection is to be closed. Throws when the client goes, or
/// takes longer than `limit` for a piece.
boost::asio::awaitable<bool> write_answer(boost::beast::tcp_stream& to,
                                          response x, way_of_writing how,
                                          std::chrono::seconds limit);

} // namespace render::web
