// c3-decode: reads one hostile file and answers with one line of JSON. The
// worker starts it in a box (actors/io/media/box.cpp); it is of no use alone.
//   identify PATH
//   duration PATH
//   picture INPUT OUTPUT MAX_SIDE FLATTEN PIXELS BYTES DECODED_BYTES
#include "actors/io/media/identify.hpp"
#include "actors/io/media/image.hpp"
#include "messages/json.hpp"

#include <taglib/fileref.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace render;

std::string told(const failure& why) {
  return "{\"error\":" + json::quote(why.message)
         + ",\"kind\":" + json::quote(to_string(why.kind)) + "}";
}

std::string identify(const std::string& path) {
  auto got = media::identify(path);
  if (!got)
    return told(got.error());
  return "{\"type\":" + json::quote(got->content_type)
         + ",\"extension\":" + json::quote(got->extension)
         + ",\"bytes\":" + std::to_string(got->bytes) + "}";
}

std::string duration(const std::string& path) {
  TagLib::FileRef file{path.c_str()};
  auto ms = file.isNull() || !file.audioProperties()
              ? 0
              : file.audioProperties()->lengthInMilliseconds();
  return "{\"seconds\":" + (ms > 0 ? std::to_string(ms / 1000.0) : "-1") + "}";
}

std::string picture(const std::vector<std::string>& args) {
  auto number = [&](size_t at) {
    return std::strtoull(args[at].c_str(), nullptr, 10);
  };
  msg::prepare_image x;
  x.input = args[1];
  x.output = args[2];
  x.max_side = static_cast<uint32_t>(number(3));
  x.flatten_alpha = args[4] == "1";
  auto got = media::prepare(x, {number(5), number(6), number(7)});
  if (!got)
    return told(got.error());
  return "{\"width\":" + std::to_string(got->width)
         + ",\"height\":" + std::to_string(got->height)
         + ",\"source_width\":" + std::to_string(got->source_width)
         + ",\"source_height\":" + std::to_string(got->source_height) + "}";
}

} // namespace

int main(int argc, char** argv) {
  std::vector<std::string> args{argv + 1, argv + argc};
  try {
    std::string answer;
    if (args.size() == 2 && args[0] == "identify")
      answer = identify(args[1]);
    else if (args.size() == 2 && args[0] == "duration")
      answer = duration(args[1]);
    else if (args.size() == 8 && args[0] == "picture")
      answer = picture(args);
    else
      return 2;
    std::cout << answer << std::endl;
    // The destructors of dozens of libraries would do nothing of use.
    std::_Exit(0);
  } catch (const std::exception&) {
    return 3;
  }
}
