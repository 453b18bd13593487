#pragma once
// The routes of the older producer API (c3_render_api), with its status codes
// and its bodies, its oddities among them: producers that speak it need no
// change. docs/web.md lists them.
#include "app/web/message.hpp"
#include "app/web/router.hpp"

#include <string>
#include <vector>

namespace render::web {

/// "1970-01-01 00:00:00 UTC", as `GET /` tells the time.
std::string legacy_time(double unix_s);

std::vector<route> legacy_routes();

/// The answer of `GET /` to who is no browser.
response legacy_root(double now_s);

} // namespace render::web
