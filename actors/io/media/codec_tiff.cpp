#include "actors/io/media/codecs.hpp"

#include <opencv2/core.hpp>
#include <tiffio.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace render::media {

namespace {

/// A file in memory, as libtiff reads it.
struct memory_file {
  std::string_view bytes;
  uint64_t at = 0;
};

memory_file& file_of(thandle_t x) {
  return *static_cast<memory_file*>(x);
}

tmsize_t read(thandle_t x, void* to, tmsize_t size) {
  auto& file = file_of(x);
  if (size < 0 || file.at > file.bytes.size())
    return 0;
  auto count = std::min<uint64_t>(static_cast<uint64_t>(size),
                                  file.bytes.size() - file.at);
  std::memcpy(to, file.bytes.data() + file.at, count);
  file.at += count;
  return static_cast<tmsize_t>(count);
}

tmsize_t refuse_write(thandle_t, void*, tmsize_t) {
  return 0;
}

toff_t seek(thandle_t x, toff_t to, int from) {
  auto& file = file_of(x);
  auto base = from == SEEK_CUR   ? file.at
              : from == SEEK_END ? file.bytes.size()
                                 : 0;
  return file.at = base + to;
}

int close_file(thandle_t) {
  return 0;
}

toff_t size_of(thandle_t x) {
  return file_of(x).bytes.size();
}

/// Alpha comes multiplied into the colours.
uchar divided(uint32_t colour, uint32_t alpha) {
  return static_cast<uchar>(
    alpha == 0 ? 0 : std::min(255u, (colour * 255 + alpha / 2) / alpha));
}

/// As BGRA or BGR, in place: a second matrix would take as much memory again.
cv::Mat repacked(cv::Mat packed, int rows, bool alpha) {
  auto pixels = packed.total() / 4;
  auto* from = packed.data;
  auto* to = packed.data;
  for (size_t i = 0; i < pixels; ++i, from += 4) {
    uint32_t x = 0;
    std::memcpy(&x, from, sizeof x);
    auto a = TIFFGetA(x);
    *to++ = divided(TIFFGetB(x), a);
    *to++ = divided(TIFFGetG(x), a);
    *to++ = divided(TIFFGetR(x), a);
    if (alpha)
      *to++ = static_cast<uchar>(a);
  }
  auto channels = alpha ? 4 : 3;
  return packed.colRange(0, static_cast<int>(pixels) * channels)
    .reshape(channels, rows);
}

/// A fourth sample that the file does not explain is taken as alpha.
bool has_alpha(TIFF* file) {
  uint16_t photometric = PHOTOMETRIC_MINISBLACK;
  uint16_t samples = 1;
  uint16_t count = 0;
  uint16_t* kinds = nullptr;
  TIFFGetFieldDefaulted(file, TIFFTAG_PHOTOMETRIC, &photometric);
  TIFFGetFieldDefaulted(file, TIFFTAG_SAMPLESPERPIXEL, &samples);
  TIFFGetFieldDefaulted(file, TIFFTAG_EXTRASAMPLES, &count, &kinds);
  auto named = count > 0 && kinds && kinds[0] != EXTRASAMPLE_UNSPECIFIED;
  if (named || photometric != PHOTOMETRIC_RGB || samples != 4)
    return named;
  uint16_t plain = EXTRASAMPLE_UNASSALPHA;
  return TIFFSetField(file, TIFFTAG_EXTRASAMPLES, 1, &plain) == 1;
}

/// libtiff takes memory for a whole strip or tile, and a file may say of those
/// what it likes. 64 bits a sample are the most for four samples; 16 MiB are a
/// tile of 1,448 x 1,448 of such pixels, in a picture of any size.
tmsize_t piece_max(const image_header& x) {
  return std::max<tmsize_t>(tmsize_t{16} << 20,
                            tmsize_t{32} * x.width * x.height);
}

using tiff_file = std::unique_ptr<TIFF, void (*)(TIFF*)>;

tiff_file open_tiff(memory_file& source, tmsize_t allocation_max) {
  std::unique_ptr<TIFFOpenOptions, void (*)(TIFFOpenOptions*)> options{
    TIFFOpenOptionsAlloc(), TIFFOpenOptionsFree};
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), allocation_max);
  // m: the file is not mapped.
  return {TIFFClientOpenExt("picture", "rm", &source, read, refuse_write, seek,
                            close_file, size_of, nullptr, nullptr,
                            options.get()),
          TIFFClose};
}

} // namespace

result<cv::Mat> decode_tiff(std::string_view bytes,
                            const image_header& header) {
  // The caller learns of errors by the result.
  TIFFSetErrorHandler(nullptr);
  TIFFSetWarningHandler(nullptr);
  memory_file source{bytes};
  auto bad = fail(failure_kind::invalid_input, "the TIFF cannot be decoded");
  auto file = open_tiff(source, piece_max(header));
  uint32_t width = 0;
  uint32_t height = 0;
  if (!file || !TIFFGetField(file.get(), TIFFTAG_IMAGEWIDTH, &width)
      || !TIFFGetField(file.get(), TIFFTAG_IMAGELENGTH, &height)
      // The limits were held against these.
      || width != header.width || height != header.height)
    return bad;
  auto rows = static_cast<int>(height);
  // One line of bytes, so that fewer of them can be a picture of their own.
  auto alpha = has_alpha(file.get());
  // Not braces, which would list the numbers.
  cv::Mat packed(1, static_cast<int>(4 * width * height), CV_8UC1);
  if (!TIFFReadRGBAImageOriented(file.get(), width, height,
                                 reinterpret_cast<uint32_t*>(packed.data),
                                 header.orientation, 1))
    return bad;
  return repacked(std::move(packed), rows, alpha);
}

} // namespace render::media
