#pragma once
// What an answer of a node's service means, whichever protocol it speaks.
#include "messages/failure.hpp"
#include "messages/http.hpp"
#include "messages/text/json.hpp"

#include <string>
#include <string_view>

namespace render {

/// "HTTP 502 (text/html): <html>...", short enough for an error text.
std::string describe_answer(const http_response& x);

/// Of a status outside 2xx: `unavailable` when another try or another node may
/// do better (a proxy, a limit, a broken server), else `rejected`.
failure_kind kind_of_status(int32_t status);

/// The body as JSON. A status outside 2xx fails by its kind, a body that is
/// not JSON as `unavailable`; `what` stands first in the message.
result<json::document> read_json_answer(std::string_view what,
                                        const result<http_response>& got);

/// Is this the text of a GPU that is full or broken? Another one may do.
bool is_gpu_trouble(std::string_view text);

} // namespace render
