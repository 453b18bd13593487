#pragma once
#include "messages/http.hpp"

#include <chrono>

namespace render {

/// The wait that a server asks for with 429 or 503 (seconds or a date); 0 when
/// it asks for none.
std::chrono::milliseconds retry_after(const http_response& x, double unix_s);

} // namespace render
