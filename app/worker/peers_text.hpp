#pragma once
// What a worker knows of the others, for the status port.
#include "messages/fleet.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace render {

/// An object. Without `names` it leaves out how workers are called, since that
/// may name a machine.
void write_peers(rapidjson::Writer<rapidjson::StringBuffer>& out,
                 const msg::peers_report& x, bool names);

} // namespace render
