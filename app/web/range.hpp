#pragma once
// A Range header (RFC 9110 section 14) of one range. Pure.
#include <cstdint>
#include <optional>
#include <string_view>

namespace render::web {

struct byte_range {
  uint64_t offset = 0;
  uint64_t bytes = 0;

  friend bool operator==(const byte_range&, const byte_range&) = default;
};

struct range_wish {
  /// The part to send; absent: the whole.
  std::optional<byte_range> part;
  /// No byte of the file is in it: 416.
  bool outside = false;

  friend bool operator==(const range_wish&, const range_wish&) = default;
};

/// What is no range of bytes, and more than one, count as no wish.
range_wish parse_range(std::string_view header, uint64_t size);

} // namespace render::web
