// c3-decode: decodes one hostile picture and encodes it again. Only for the
// worker, which starts it in a box (actors/io/media/box.cpp).
//   INPUT OUTPUT MAX_SIDE FLATTEN PIXELS BYTES DECODED_BYTES
#include "actors/io/media/image.hpp"
#include "app/decode/answer.hpp"
#include "app/version/version.hpp"

#include <vector>

namespace {

using namespace render;

std::string picture(const std::vector<std::string>& args) {
  auto number = [&](size_t at) {
    return std::strtoull(args[at].c_str(), nullptr, 10);
  };
  msg::prepare_image x;
  x.input = args[0];
  x.output = args[1];
  x.max_side = static_cast<uint32_t>(number(2));
  x.flatten_alpha = args[3] == "1";
  auto got = media::prepare(x, {number(4), number(5), number(6)});
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
  answer_and_end([&] {
    if (args == std::vector<std::string>{"--version"})
      return version_line("c3-decode");
    return args.size() == 7 ? picture(args) : std::string{};
  });
}
