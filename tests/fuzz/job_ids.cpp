// Names of Redis and of producers that become paths and requests: a job's id,
// a file's name, where a render runs.
#include "messages/ids.hpp"
#include "messages/render_handle.hpp"
#include "messages/text/path_below.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <filesystem>

using namespace render;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  if (auto id = job_id::from(text); !id) {
    fuzz::must_be_fit_to_show(id.error());
  } else {
    must(id->text() == text && is_file_name(text), "an id is a file's name");
    must(text.size() <= 64 && fuzz::is_printable(text), "an id is short");
  }
  auto path = path_below("/root/of/all", text);
  must(path.has_value() == is_file_name(text), "names become paths");
  if (!path)
    fuzz::must_be_fit_to_show(path.error(), 2'000);
  else
    must(std::filesystem::path{*path}.lexically_normal().parent_path()
           == "/root/of/all",
         "a path stays below its root");
  if (auto handle = read_handle(text))
    must(read_handle(to_text(*handle)) == handle,
         "a handle that is written is read again");
  return 0;
}
