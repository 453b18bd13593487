// Forms with files: the Content-Type in the first line, then the body.
#include "app/web/multipart.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace render;
using namespace render::web;
using fuzz::must;

namespace {

/// What a sink was told, in one text; and what must hold of it.
struct listener {
  std::string told;
  size_t parts = 0;
  bool open = false;

  multipart_reader::sink sink() {
    return {[this](const multipart_reader::part& x) -> result<void> {
              must(!open, "one part at a time");
              must(x.file_name.find_first_of("/\\") == std::string::npos,
                   "a file's name is no path");
              must(x.is_file || x.file_name.empty(), "a field is no file");
              open = true;
              ++parts;
              told += "\nbegin " + x.name + "|" + x.file_name + "|"
                      + x.content_type + "\n";
              return {};
            },
            [this](std::string_view x) -> result<void> {
              must(open, "bytes are of a part");
              told += x;
              return {};
            },
            [this]() -> result<void> {
              must(open, "what has begun ends");
              open = false;
              told += "\nend\n";
              return {};
            }};
  }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  auto boundary = boundary_of(fuzz::take_line(text));
  if (!boundary)
    return 0;
  must(!boundary->empty() && boundary->size() <= 70, "a boundary is short");
  listener at_once;
  multipart_reader whole{*boundary, at_once.sink()};
  auto done = whole.take(text);
  listener slowly;
  multipart_reader pieces{*boundary, slowly.sink()};
  result<void> all;
  fuzz::in_pieces(text, [&](std::string_view x) {
    if (all)
      all = pieces.take(x);
  });
  must(done.has_value() == all.has_value(), "both are forms, or none is");
  if (!done) {
    fuzz::must_be_fit_to_show(done.error());
    return 0;
  }
  must(whole.complete() == pieces.complete(), "both end, or none does");
  must(at_once.parts <= multipart_reader::parts_max, "a form is short");
  // The end of an open part may be held back.
  if (whole.complete())
    must(at_once.told == slowly.told && !at_once.open,
         "it is the same form wherever its pieces begin");
  return 0;
}
