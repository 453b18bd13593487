#include "actors/io/redis/scripts/reading.hpp"

#include "actors/io/redis/scripts/codec.hpp"

#include <cmath>

namespace render::job_store {

using kind = reply::kind;

std::string text_at(reply& x, size_t index) {
  if (index >= x.elements.size())
    return {};
  auto& field = x.elements[index];
  if (field.type == kind::integer)
    return std::to_string(field.integer);
  return field.type == kind::text ? std::move(field.text) : std::string{};
}

double number_at(reply& x, size_t index) {
  return parse_number(text_at(x, index)).value_or(0);
}

int64_t integer_at(reply& x, size_t index) {
  if (index >= x.elements.size())
    return 0;
  if (x.elements[index].type == kind::integer)
    return x.elements[index].integer;
  auto number = number_at(x, index);
  // A double at or above 2^63 has no int64_t.
  return std::abs(number) < 9.2e18 ? static_cast<int64_t>(number) : 0;
}

uint32_t count_at(reply& x, size_t index) {
  auto n = integer_at(x, index);
  return n > 0 && n <= UINT32_MAX ? static_cast<uint32_t>(n) : 0;
}

std::optional<failure> unless_array(const reply& x, size_t at_least,
                                    std::string_view what) {
  if (x.type == kind::error)
    return failure_of(x.text);
  if (!x.is_array(at_least))
    return failure{failure_kind::internal,
                   "Redis: unexpected reply to " + std::string{what}};
  return std::nullopt;
}

result<std::vector<std::string>> read_ids(reply x) {
  if (auto wrong = unless_array(x, 0, "a script that says ids"))
    return fail(std::move(*wrong));
  std::vector<std::string> out;
  for (size_t i = 0; i < x.elements.size(); ++i)
    out.push_back(text_at(x, i));
  return out;
}

} // namespace render::job_store
