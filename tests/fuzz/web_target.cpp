// The target of a request to the HTTP service: the method in the first line,
// then the target.
#include "app/web/router.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace render;
using namespace render::web;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  auto method = fuzz::take_line(text);
  auto where = parse_target(text);
  if (!where) {
    fuzz::must_be_fit_to_show(where.error());
    return 0;
  }
  must(!where->segments.empty(), "a path has a segment");
  auto is_plain = [](const std::string& x) {
    return std::none_of(x.begin(), x.end(), [](unsigned char c) {
      return c < 0x20 || c == 0x7f;
    });
  };
  for (auto& x : where->segments)
    must(is_plain(x) && x.find('/') == std::string::npos && x != "."
           && x != "..",
         "a segment leads nowhere else");
  for (auto& [name, value] : where->query)
    must(!name.empty() && is_plain(name) && is_plain(value),
         "a query is one line");
  router all;
  all.add({{"GET", "/", role::nobody, {}},
           {"GET", "/v1/jobs", role::view, {}},
           {"POST", "/v1/jobs", role::submit, {}},
           {"POST", "/v1/jobs/bulk", role::operate, {}},
           {"GET", "/v1/jobs/{id}", role::view, {}},
           {"GET", "/v1/jobs/{id}/{part}", role::view, {}},
           {"GET", "/assets/{name}", role::nobody, {}}});
  auto found = all.find(method, *where);
  must(!found.to || found.allowed.empty(), "what is found is allowed");
  if (!found.to)
    return 0;
  must(method == found.to->method || method == "HEAD", "the method is its own");
  std::string path;
  for (auto& x : where->segments)
    path += "/" + x;
  must(where->path() == path, "the path is its segments");
  for (auto& [name, value] : found.vars)
    must(!value.empty() && value.find('/') == std::string::npos,
         "a variable is one segment");
  if (found.vars.empty())
    must(path == found.to->pattern, "without variables it is the pattern");
  // Each has its role by its place in the list, so no other one is found.
  must((found.to->least == role::nobody)
         == (path == "/" || path.starts_with("/assets/")),
       "the role is that of the path");
  return 0;
}
