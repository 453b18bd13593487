#include "messages/text/alike.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace render {

namespace {

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      auto replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

} // namespace

std::string_view alike(std::string_view word,
                       const std::vector<std::string_view>& candidates) {
  std::string_view out;
  auto best = std::max<size_t>(1, word.size() / 5) + 1;
  for (auto x : candidates)
    if (auto d = edit_distance(word, x); d < best) {
      best = d;
      out = x;
    }
  return out;
}

} // namespace render
