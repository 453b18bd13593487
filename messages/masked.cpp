#include "messages/masked.hpp"

#include <string_view>

namespace render {

namespace {

constexpr size_t shortest = 6;
constexpr std::string_view stars = "***";

} // namespace

std::string masked(std::string text, const std::vector<std::string>& secrets) {
  for (auto& secret : secrets) {
    if (secret.size() < shortest)
      continue;
    for (size_t at = 0; (at = text.find(secret, at)) != std::string::npos;
         at += stars.size())
      text.replace(at, secret.size(), stars);
  }
  return text;
}

} // namespace render
