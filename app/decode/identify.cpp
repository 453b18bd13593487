// c3-identify: prints the type or the duration of one hostile file. Only for
// the worker, which starts it in a box (actors/io/media/box.cpp).
//   type PATH
//   duration PATH
#include "actors/io/media/identify.hpp"

#include "app/decode/answer.hpp"
#include "app/version/version.hpp"

#include <taglib/fileref.h>

namespace {

using namespace render;

std::string type_of(const std::string& path) {
  auto got = media::identify(path);
  if (!got)
    return told(got.error());
  return "{\"type\":" + json::quote(got->content_type)
         + ",\"extension\":" + json::quote(got->extension)
         + ",\"bytes\":" + std::to_string(got->bytes) + "}";
}

std::string duration_of(const std::string& path) {
  TagLib::FileRef file{path.c_str()};
  auto ms = file.isNull() || !file.audioProperties()
              ? 0
              : file.audioProperties()->lengthInMilliseconds();
  return "{\"seconds\":" + (ms > 0 ? std::to_string(ms / 1000.0) : "-1") + "}";
}

} // namespace

int main(int argc, char** argv) {
  answer_and_end([&]() -> std::string {
    if (argc == 2 && std::string_view{argv[1]} == "--version")
      return version_line("c3-identify");
    std::string what = argc == 3 ? argv[1] : "";
    return what == "type"       ? type_of(argv[2])
           : what == "duration" ? duration_of(argv[2])
                                : "";
  });
}
