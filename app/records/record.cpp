#include "app/records/record.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace render::records {

std::string field(const record& x, const std::string& name) {
  auto at = x.find(name);
  return at == x.end() ? std::string{} : at->second;
}

double number_of(const std::string& text) {
  double out = 0;
  auto end = text.data() + text.size();
  auto [at, error] = std::from_chars(text.data(), end, out);
  return error == std::errc{} && at == end && std::isfinite(out) ? out : 0;
}

double number_field(const record& x, const std::string& name) {
  return number_of(field(x, name));
}

bool is_final(const std::string& status) {
  return !status.empty() && status != "queued" && status != "running";
}

std::string span_text(double seconds) {
  auto s = static_cast<int64_t>(std::clamp(seconds, 0.0, 1e15));
  auto two = [](int64_t big, const char* unit, int64_t small,
                const char* small_unit) {
    return std::to_string(big) + unit
           + (small > 0 ? " " + std::to_string(small) + small_unit : "");
  };
  if (s < 60)
    return std::to_string(s) + " s";
  if (s < 3600)
    return two(s / 60, " min", s % 60, " s");
  if (s < 86'400)
    return two(s / 3600, " h", s % 3600 / 60, " min");
  return two(s / 86'400, " d", s % 86'400 / 3600, " h");
}

bool is_uuid(std::string_view x) {
  if (x.size() != 36)
    return false;
  for (size_t i = 0; i < x.size(); ++i) {
    auto dash = i == 8 || i == 13 || i == 18 || i == 23;
    auto hex = (x[i] >= '0' && x[i] <= '9') || (x[i] >= 'a' && x[i] <= 'f');
    if (dash ? x[i] != '-' : !hex)
      return false;
  }
  return true;
}

} // namespace render::records
