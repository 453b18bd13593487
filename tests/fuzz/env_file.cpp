// A .env file.
#include "app/node/config.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace render;
using fuzz::must;

namespace {

/// As a line that means just this.
std::string line_of(const std::string& name, const std::string& value) {
  std::string out = name + "='";
  for (auto c : value) {
    if (c == '\'' || c == '\\')
      out += '\\';
    out += c;
  }
  return out + "'\n";
}

bool is_name(std::string_view x) {
  return !x.empty()
         && x.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz"
                                "0123456789_")
              == std::string_view::npos;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto file = read_env_file(fuzz::text_of(data, size), {{"HOME", "/root"}});
  for (auto& x : file.warnings)
    must(fuzz::is_printable(x), "a warning is printable");
  for (auto& x : name_warnings(file.values, {}))
    must(fuzz::is_printable(x), "a warning of a name is printable");
  std::string written;
  for (auto& [name, value] : file.values) {
    must(is_name(name), "a name is one");
    // In quotes, too, ${NAME} means something.
    if (value.find("${") == std::string::npos)
      written += line_of(name, value);
  }
  auto again = read_env_file(written, {});
  must(again.warnings.empty(), "what is written can be read");
  for (auto& [name, value] : again.values)
    must(file.values.at(name) == value, "what is read again is the same");
  return 0;
}
