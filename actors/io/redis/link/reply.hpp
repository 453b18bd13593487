#pragma once
// A Redis reply as a value: hiredis frees its own as soon as its callback
// returns, and pure code should not know hiredis at all.
#include "messages/failure.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace render::job_store {

struct reply {
  enum class kind : uint8_t { nil, integer, text, error, array };

  kind type = kind::nil;
  int64_t integer = 0;
  /// Of a text, a status or an error.
  std::string text;
  std::vector<reply> elements;

  static reply of(int64_t x) {
    reply out;
    out.type = kind::integer;
    out.integer = x;
    return out;
  }

  static reply of(std::string x) {
    reply out;
    out.type = kind::text;
    out.text = std::move(x);
    return out;
  }

  static reply of(std::vector<reply> xs) {
    reply out;
    out.type = kind::array;
    out.elements = std::move(xs);
    return out;
  }

  static reply error(std::string x) {
    reply out;
    out.type = kind::error;
    out.text = std::move(x);
    return out;
  }

  bool is_array(size_t at_least) const {
    return type == kind::array && elements.size() >= at_least;
  }
};

} // namespace render::job_store
