#include "messages/text/path_below.hpp"

#include "messages/text/printable.hpp"

namespace render {

namespace {

// NAME_MAX of Linux.
constexpr size_t name_bytes_max = 255;

} // namespace

bool is_file_name(std::string_view name) {
  return !name.empty() && name.size() <= name_bytes_max && name != "."
         && name != ".."
         && name.find_first_of(std::string_view{"/\0", 2})
              == std::string_view::npos;
}

result<std::string> path_below(std::string_view root, std::string_view name) {
  if (!is_file_name(name))
    return fail(failure_kind::invalid_input,
                "not a file name: \"" + printable(name, 80) + "\"");
  std::string out{root};
  if (!out.ends_with('/'))
    out += '/';
  return out.append(name);
}

} // namespace render
