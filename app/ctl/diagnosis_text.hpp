#pragma once
// The judgement of `c3ctl doctor` as text and as JSON. Pure.
#include "app/records/diagnosis.hpp"

#include <string>

namespace render::ctl {

using records::diagnosis;
using records::weight;

std::string diagnosis_text(const diagnosis& x);
std::string diagnosis_json(const diagnosis& x);

} // namespace render::ctl
