#pragma once
// The output of c3-decode and c3-identify: one line of JSON.
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

/// Prints the result of `make` and ends the process. Exit code 2 for a wrong
/// usage (an empty result), 3 for an exception.
template <class Make>
[[noreturn]] void answer_and_end(Make make) {
  auto code = 3;
  try {
    auto text = make();
    code = text.empty() ? 2 : 0;
    std::cout << text << std::endl;
  } catch (const std::exception&) {
    // The caller needs no text: the exit code is enough.
  }
  // Skips the destructors of dozens of libraries, which would do nothing
  // useful.
  std::_Exit(code);
}

} // namespace render
