#pragma once
// What the readers of the scripts' answers share. What stands in Redis was
// written by others, so nothing is trusted: a number may be a float or garbage,
// a field may be missing, a reply may have another shape than its script
// promises. Pure.
#include "actors/io/redis/link/reply.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace render::job_store {

/// Takes a text out of an array; empty when there is none.
std::string text_at(reply& x, size_t index);

/// 0 for what is no number.
int64_t integer_at(reply& x, size_t index);
double number_at(reply& x, size_t index);

/// 0 also for what does not fit.
uint32_t count_at(reply& x, size_t index);

/// Fails for an error reply and for anything that is no array of this size.
std::optional<failure> unless_array(const reply& x, size_t at_least,
                                    std::string_view what);

/// An array of texts.
result<std::vector<std::string>> read_ids(reply x);

} // namespace render::job_store
