#pragma once
// What Python makes of JSON values, as far as answers of the older producer API
// show it. Pure.
#include "messages/text/json.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace render::web::python {

/// bool(x).
bool is_true(const json::value& x);

/// type(x).__name__
std::string_view type_name(const json::value& x);

/// int(x): numbers lose their fraction, texts must be whole.
std::optional<double> as_int(const json::value& x);

/// float(x).
std::optional<double> as_float(const json::value& x);

/// not x.strip(); `x` is UTF-8.
bool is_blank(std::string_view x);

/// A scheme and an authority, as urlparse finds them: of any scheme.
bool is_url(const json::value& x);

/// What x[name] throws when `name in x` holds, or the latter throws itself;
/// nullopt: `name` is not in it. For all that is no object.
std::optional<std::string> exception_of_member(const json::value& x,
                                               std::string_view name);

/// Of members of the same name the last one is left.
void drop_earlier_members(json::document& x);

} // namespace render::web::python
