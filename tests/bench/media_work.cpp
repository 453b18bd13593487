// c3-bench-media: what media work costs the worker, and what the same calls
// cost alone. Each command prints the CPU seconds of each repetition, a line
// each; those of children count. Run by media.py.
//   picture FILE         writes a JPEG of 2048 pixels
//   worker-picture FILE OUT TIMES
//   opencv-picture FILE OUT TIMES
//   worker-sound FILE STEM TIMES
#include "actors/io/media/audio.hpp"
#include "actors/io/media/box.hpp"
#include "actors/io/media/image_header.hpp"
#include "tests/bench/cpu.hpp"

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <cstdio>
#include <functional>
#include <string>
#include <vector>

namespace {

using namespace render;

double cpu_seconds() {
  return bench::cpu_of(RUSAGE_SELF) + bench::cpu_of(RUSAGE_CHILDREN);
}

int repeat(const std::string& times, const std::function<bool()>& work) {
  // The first one loads what the others find loaded.
  for (auto i = 0; i <= std::stoi(times); ++i) {
    auto before = cpu_seconds();
    if (!work())
      return 1;
    if (i > 0)
      std::printf("%.6f\n", cpu_seconds() - before);
  }
  return 0;
}

/// Soft shapes and some noise, as in a photograph.
bool make_picture(const std::string& path) {
  constexpr int side = 2048;
  cv::Mat small(64, 64, CV_8UC3);
  cv::theRNG().state = 1;
  cv::randu(small, cv::Scalar::all(0), cv::Scalar::all(255));
  cv::Mat out;
  cv::resize(small, out, {side, side}, 0, 0, cv::INTER_CUBIC);
  cv::Mat noise(side, side, CV_8UC3);
  cv::randn(noise, cv::Scalar::all(6), cv::Scalar::all(4));
  out += noise;
  return cv::imwrite(path, out, {cv::IMWRITE_JPEG_QUALITY, 90});
}

/// As the worker's pictures are read and written.
bool opencv_picture(const std::string& from, const std::string& to) {
  auto picture = cv::imread(from, cv::IMREAD_COLOR);
  return !picture.empty()
         && cv::imwrite(
           to, picture,
           {cv::IMWRITE_PNG_COMPRESSION, 3, cv::IMWRITE_JPEG_QUALITY, 92});
}

bool worker_picture(const std::string& from, const std::string& to) {
  msg::prepare_image x;
  x.input = from;
  x.output = to;
  auto got = media::boxed::prepare(x, {}, "ffmpeg", {});
  if (!got)
    std::fprintf(stderr, "%s\n", got.error().message.c_str());
  return got.has_value();
}

bool worker_sound(const std::string& from, const std::string& stem) {
  msg::prepare_audio x{from, stem, msg::audio_form::mono_wav, {}};
  auto got = media::prepare(x, media::audio_tools{}, {});
  if (!got)
    std::fprintf(stderr, "%s\n", got.error().message.c_str());
  return got.has_value();
}

} // namespace

int main(int argc, char** argv) {
  std::vector<std::string> args{argv + 1, argv + argc};
  cv::setNumThreads(1);
  auto is = [&](const char* name, size_t count) {
    return args.size() == count && args[0] == name;
  };
  if (is("picture", 2))
    return make_picture(args[1]) ? 0 : 1;
  if (is("worker-picture", 4))
    return repeat(args[3], [&] {
      return worker_picture(args[1], args[2]);
    });
  if (is("opencv-picture", 4))
    return repeat(args[3], [&] {
      return opencv_picture(args[1], args[2]);
    });
  if (is("worker-sound", 4))
    return repeat(args[3], [&] {
      return worker_sound(args[1], args[2]);
    });
  std::fprintf(stderr, "usage: see media_work.cpp\n");
  return 2;
}
