#pragma once
// What c3-decode and c3-identify say: one line of JSON.
#include "messages/failure.hpp"
#include "messages/text/json.hpp"

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

namespace render {

inline std::string told(const failure& why) {
  return "{\"error\":" + json::quote(why.message)
         + ",\"kind\":" + json::quote(to_string(why.kind)) + "}";
}

/// Prints what `make` gives, and ends the process: 2 for a wrong usage (an
/// empty answer), 3 for an exception.
template <class Make>
[[noreturn]] void answer_and_end(Make make) {
  auto code = 3;
  try {
    auto text = make();
    code = text.empty() ? 2 : 0;
    std::cout << text << std::endl;
  } catch (const std::exception&) {
    // Nobody could do anything with its text.
  }
  // The destructors of dozens of libraries would do nothing of use.
  std::_Exit(code);
}

} // namespace render
