#include "actors/io/media/codecs.hpp"

#include <opencv2/core.hpp>

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
// After <cstdio>, which it needs and does not include.
#include <jpeglib.h>

namespace render::media {

namespace {

/// libjpeg ends its process on an error unless it is led elsewhere.
struct error_exit {
  jpeg_error_mgr base;
  std::jmp_buf back;
};

[[noreturn]] void leave(j_common_ptr info) {
  std::longjmp(reinterpret_cast<error_exit*>(info->err)->back, 1);
}

void say_nothing(j_common_ptr) {
  // The caller learns of errors by the result.
}

jpeg_error_mgr* silent(error_exit& x) {
  auto* out = jpeg_std_error(&x.base);
  x.base.error_exit = leave;
  x.base.output_message = say_nothing;
  return out;
}

/// Printing colours, which are stored inverted, as all programs write them.
void to_bgr(const cv::Mat& cmyk, cv::Mat& bgr) {
  for (int row = 0; row < bgr.rows; ++row) {
    auto* from = cmyk.ptr<cv::Vec4b>(row);
    auto* to = bgr.ptr<cv::Vec3b>(row);
    for (int column = 0; column < bgr.cols; ++column)
      for (int i = 0; i < 3; ++i)
        to[column][i]
          = static_cast<uchar>(from[column][2 - i] * from[column][3] / 255);
  }
}

// No object with a destructor is made between setjmp and what may jump: the
// matrix is the caller's.
bool read_head(jpeg_decompress_struct& info, error_exit& errors,
               std::string_view bytes) {
  if (setjmp(errors.back) != 0)
    return false;
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(bytes.data()),
               bytes.size());
  if (jpeg_read_header(&info, TRUE) != JPEG_HEADER_OK)
    return false;
  info.out_color_space = info.num_components == 4 ? JCS_CMYK : JCS_EXT_BGR;
  return true;
}

bool read_rows(jpeg_decompress_struct& info, error_exit& errors, uchar* pixels,
               size_t step, int rows, int width) {
  if (setjmp(errors.back) != 0)
    return false;
  jpeg_start_decompress(&info);
  if (static_cast<int>(info.output_height) != rows
      || static_cast<int>(info.output_width) != width)
    return false;
  while (info.output_scanline < info.output_height) {
    auto* row = pixels + step * info.output_scanline;
    jpeg_read_scanlines(&info, &row, 1);
  }
  jpeg_finish_decompress(&info);
  return true;
}

bool write_rows(jpeg_compress_struct& info, error_exit& errors,
                const cv::Mat& picture, int quality, unsigned char** made,
                unsigned long* size) {
  if (setjmp(errors.back) != 0)
    return false;
  jpeg_create_compress(&info);
  info.image_width = static_cast<JDIMENSION>(picture.cols);
  info.image_height = static_cast<JDIMENSION>(picture.rows);
  info.input_components = picture.channels();
  info.in_color_space = picture.channels() == 4 ? JCS_EXT_BGRX : JCS_EXT_BGR;
  jpeg_mem_dest(&info, made, size);
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    auto* row
      = const_cast<uchar*>(picture.ptr(static_cast<int>(info.next_scanline)));
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  return true;
}

} // namespace

result<cv::Mat> decode_jpeg(std::string_view bytes) {
  jpeg_decompress_struct info{};
  error_exit errors;
  info.err = silent(errors);
  cv::Mat out;
  auto ok = read_head(info, errors, bytes);
  if (ok) {
    auto rows = static_cast<int>(info.image_height);
    auto columns = static_cast<int>(info.image_width);
    auto printed = info.out_color_space == JCS_CMYK;
    cv::Mat stored;
    try {
      stored.create(rows, columns, printed ? CV_8UC4 : CV_8UC3);
      if (printed)
        out.create(rows, columns, CV_8UC3);
    } catch (...) {
      jpeg_destroy_decompress(&info);
      throw;
    }
    ok = read_rows(info, errors, stored.data, stored.step, rows, columns);
    if (ok && printed)
      to_bgr(stored, out);
    else
      out = stored;
  }
  jpeg_destroy_decompress(&info);
  if (!ok)
    return fail(failure_kind::invalid_input, "the JPEG cannot be decoded");
  return out;
}

std::string encode_jpeg(const cv::Mat& picture, int quality) {
  jpeg_compress_struct info{};
  error_exit errors;
  info.err = silent(errors);
  unsigned char* made = nullptr;
  unsigned long size = 0;
  std::string out;
  // After a failure `made` may be what libjpeg has freed: the next, larger one
  // is named at the end alone.
  if (write_rows(info, errors, picture, quality, &made, &size)) {
    out.assign(reinterpret_cast<char*>(made), size);
    std::free(made);
  }
  jpeg_destroy_compress(&info);
  return out;
}

} // namespace render::media
