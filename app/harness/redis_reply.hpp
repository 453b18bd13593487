#pragma once
// Words and numbers as Redis reads and writes them, and a reply as a value.
#include "app/harness/memory_redis.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>

namespace render::harness {

/// Collects a `job_store::reply`.
class reply_builder : public reply_writer {
public:
  void nil() override {
    put({});
  }

  void integer(int64_t x) override {
    put(job_store::reply::of(x));
  }

  void text(std::string_view x) override {
    put(job_store::reply::of(std::string{x}));
  }

  void status(std::string_view x) override {
    text(x);
  }

  void error(std::string_view x) override {
    put(job_store::reply::error(std::string{x}));
  }

  void array(size_t size) override {
    job_store::reply made;
    made.type = job_store::reply::kind::array;
    made.elements.reserve(size);
    if (size == 0)
      return put(std::move(made));
    open_.push_back({std::move(made), size});
  }

  job_store::reply take() {
    return std::move(done_);
  }

private:
  struct frame {
    job_store::reply made;
    size_t missing = 0;
  };

  void put(job_store::reply x) {
    while (!open_.empty()) {
      auto& top = open_.back();
      top.made.elements.push_back(std::move(x));
      if (--top.missing > 0)
        return;
      x = std::move(top.made);
      open_.pop_back();
    }
    done_ = std::move(x);
  }

  std::vector<frame> open_;
  job_store::reply done_;
};

namespace redis_text {

inline constexpr std::string_view wrong_type
  = "WRONGTYPE Operation against a key holding the wrong kind of value";
inline constexpr std::string_view not_an_integer
  = "ERR value is not an integer or out of range";
inline constexpr std::string_view not_a_float
  = "ERR value is not a valid float";
inline constexpr std::string_view syntax_error = "ERR syntax error";

inline bool fits(int arity, size_t words) {
  auto n = static_cast<int>(words);
  return arity >= 0 ? n == arity : n >= -arity;
}

/// Is `x` this word, given in lower case?
inline bool is_word(std::string_view x, std::string_view lower) {
  if (x.size() != lower.size())
    return false;
  for (size_t i = 0; i < x.size(); ++i)
    if ((x[i] | 0x20) != lower[i])
      return false;
  return true;
}

/// A whole number as Redis accepts it: no blanks, no plus sign.
inline std::optional<int64_t> to_integer(std::string_view x) {
  int64_t out = 0;
  auto [at, error] = std::from_chars(x.data(), x.data() + x.size(), out);
  if (x.empty() || error != std::errc{} || at != x.data() + x.size()
      || (x.size() > 1 && (x[0] == '0' || (x[0] == '-' && x[1] == '0'))))
    return std::nullopt;
  return out;
}

inline std::optional<double> to_double(std::string_view x) {
  constexpr auto infinity = std::numeric_limits<double>::infinity();
  auto sign = 1.0;
  auto body = x;
  if (!body.empty() && (body[0] == '+' || body[0] == '-')) {
    sign = body[0] == '-' ? -1 : 1;
    body.remove_prefix(1);
  }
  if (is_word(body, "inf") || is_word(body, "infinity"))
    return sign * infinity;
  double out = 0;
  auto [at, error] = std::from_chars(body.data(), body.data() + body.size(),
                                     out);
  if (body.empty() || error != std::errc{} || at != body.data() + body.size()
      || std::isnan(out) || body[0] == '-')
    return std::nullopt;
  return sign * out;
}

using double_buffer = std::array<char, 32>;

/// "%.17g" in `buffer`, with a fast path for whole numbers.
inline std::string_view write_double(double x, double_buffer& buffer) {
  constexpr double whole_max = 1e15;
  if (std::abs(x) < whole_max && x == std::trunc(x) && !std::signbit(x)) {
    auto [end, error] = std::to_chars(
      buffer.data(), buffer.data() + buffer.size(), static_cast<int64_t>(x));
    return {buffer.data(), end};
  }
  auto size = std::snprintf(buffer.data(), buffer.size(), "%.17g", x);
  return {buffer.data(), static_cast<size_t>(size)};
}

inline std::string double_text(double x) {
  double_buffer buffer;
  return std::string{write_double(x, buffer)};
}

/// Turns indices that may be negative into [first, last] of `size` elements;
/// false when that range is empty.
inline bool clip(int64_t size, int64_t& first, int64_t& last) {
  if (first < 0)
    first = std::max<int64_t>(0, size + first);
  if (last < 0)
    last = size + last;
  last = std::min(last, size - 1);
  return first <= last && first < size;
}

} // namespace redis_text

} // namespace render::harness
