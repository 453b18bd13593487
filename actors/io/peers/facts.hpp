#pragma once
// What a worker tells of itself, as the JSON object of `word.facts`. Whatever
// another worker has written, what is read is of sane size. Pure.
#include "messages/failure.hpp"
#include "messages/fleet.hpp"

#include <string>
#include <string_view>

namespace render::peers {

/// No longer than `longest_facts`: of lists that are too long the first part is
/// told, and times are told to a tenth of a second. Numbers that are none
/// (infinite and the like) are told as 0.
std::string encode_facts(const worker_facts& x);

/// Members that are missing or of another type have their default, types
/// without a name and what goes beyond a list's limit are left out, and numbers
/// beyond their range are cut to it. Fails as `invalid_input` when the text is
/// no JSON object.
result<worker_facts> decode_facts(std::string_view text);

} // namespace render::peers
