#include "actors/io/media/codecs.hpp"

#include <opencv2/core.hpp>
#include <png.h>

#include <csetjmp>
#include <new>

namespace render::media {

namespace {

struct png_text {
  std::string bytes;
  bool full = false;
};

// libpng's frames must not be unwound by an exception.
void append(png_structp png, png_bytep bytes, size_t size) {
  auto* to = static_cast<png_text*>(png_get_io_ptr(png));
  try {
    to->bytes.append(reinterpret_cast<char*>(bytes), size);
  } catch (const std::bad_alloc&) {
    to->full = true;
  }
  if (to->full)
    png_error(png, "no memory");
}

void flush(png_structp) {
  // All is in memory.
}

void say_nothing(png_structp, png_const_charp) {
  // The caller learns of errors by the result.
}

[[noreturn]] void leave(png_structp png, png_const_charp) {
  png_longjmp(png, 1);
}

bool write_rows(png_structp png, png_infop info, const cv::Mat& picture,
                png_text& to, int effort) {
  if (setjmp(png_jmpbuf(png)) != 0)
    return false;
  png_set_write_fn(png, &to, append, flush);
  png_set_compression_level(png, effort);
  png_set_IHDR(
    png, info, static_cast<png_uint_32>(picture.cols),
    static_cast<png_uint_32>(picture.rows), 8,
    picture.channels() == 4 ? PNG_COLOR_TYPE_RGB_ALPHA : PNG_COLOR_TYPE_RGB,
    PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  png_set_bgr(png);
  for (int row = 0; row < picture.rows; ++row)
    png_write_row(png, picture.ptr(row));
  png_write_end(png, info);
  return true;
}

} // namespace

result<cv::Mat> decode_png(std::string_view bytes) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()))
    return fail(failure_kind::invalid_input,
                std::string{"the PNG cannot be decoded: "} + image.message);
  // A deep picture that says nothing of its gamma is not taken as linear.
  image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  auto alpha = (image.format & PNG_FORMAT_FLAG_ALPHA) != 0;
  image.format = alpha ? PNG_FORMAT_BGRA : PNG_FORMAT_BGR;
  cv::Mat out;
  try {
    out.create(static_cast<int>(image.height), static_cast<int>(image.width),
               alpha ? CV_8UC4 : CV_8UC3);
  } catch (...) {
    png_image_free(&image);
    throw;
  }
  auto ok = png_image_finish_read(&image, nullptr, out.data,
                                  static_cast<png_int_32>(out.step), nullptr);
  if (!ok)
    return fail(failure_kind::invalid_input,
                std::string{"the PNG cannot be decoded: "} + image.message);
  return out;
}

std::string encode_png(const cv::Mat& picture, int effort) {
  auto* png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, leave,
                                      say_nothing);
  auto* info = png ? png_create_info_struct(png) : nullptr;
  png_text out;
  auto ok = info && write_rows(png, info, picture, out, effort);
  png_destroy_write_struct(&png, &info);
  return ok ? std::move(out.bytes) : std::string{};
}

} // namespace render::media
