#pragma once
// Which of this machine's addresses others reach it by.
#include "messages/failure.hpp"

#include <string>

namespace render::peers {

/// The address that packets by the default route come from. Sends none. Fails
/// as `invalid_input` when there is no such route.
result<std::string> own_address(bool v6);

} // namespace render::peers
