#include "actors/io/media/codecs.hpp"

#include <opencv2/core.hpp>

#include <array>
#include <bit>

namespace render::media {

namespace {

enum compression : uint32_t { none = 0, runs_8 = 1, runs_4 = 2, masks = 3 };

/// The place of one channel in a pixel.
struct channel {
  uint32_t mask = 0;

  /// The part of the pixel, scaled to 8 bits.
  uchar of(uint32_t pixel) const {
    if (mask == 0)
      return 0;
    auto shift = std::countr_zero(mask);
    uint64_t most = mask >> shift;
    return static_cast<uchar>(((pixel & mask) >> shift) * 255ull / most);
  }
};

/// All reads are within the bytes; what lies behind them is 0.
class bmp_file {
public:
  explicit bmp_file(std::string_view x) : x_(x) {
    auto head = number(14, 4);
    old_ = head == 12;
    bits = number(old_ ? 24 : 28, 2);
    packing = old_ ? uint32_t{none} : number(30, 4);
    upward = old_ || number(22, 4) <= INT32_MAX;
    pixels = number(10, 4);
    palette_ = 14 + head + (head == 40 && packing == masks ? 12 : 0);
    if (packing == masks)
      for (size_t i = 0; i < 3; ++i)
        // Red, green, blue in the file.
        parts[2 - i].mask = number(54 + 4 * i, 4);
    else if (bits == 16)
      parts = {channel{0x1f}, channel{0x3e0}, channel{0x7c00}, channel{}};
    else
      parts = {channel{0xff}, channel{0xff00}, channel{0xff0000}, channel{}};
    if (packing == masks && head >= 56)
      parts[3].mask = number(66, 4);
  }

  uint32_t number(uint64_t at, int count) const {
    uint32_t out = 0;
    for (int i = count - 1; i >= 0; --i)
      out = (out << 8) | byte(at + static_cast<uint64_t>(i));
    return out;
  }

  uint32_t byte(uint64_t at) const {
    return at < x_.size() ? static_cast<unsigned char>(x_[at]) : 0;
  }

  bool has(uint64_t at) const {
    return at < x_.size();
  }

  cv::Vec3b colour(uint32_t index) const {
    auto size = old_ ? 3u : 4u;
    auto at = palette_ + uint64_t{size} * index;
    return {static_cast<uchar>(byte(at)), static_cast<uchar>(byte(at + 1)),
            static_cast<uchar>(byte(at + 2))};
  }

  uint32_t bits = 0;
  uint32_t packing = none;
  /// The first row is the lowest.
  bool upward = true;
  /// Where they begin.
  uint64_t pixels = 0;
  /// Blue, green, red, alpha.
  std::array<channel, 4> parts;

private:
  std::string_view x_;
  uint64_t palette_ = 0;
  bool old_ = false;
};

using palette = std::array<cv::Vec3b, 256>;

void read_rows(const bmp_file& x, const palette& colours, cv::Mat& out) {
  auto line = (uint64_t{x.bits} * static_cast<uint64_t>(out.cols) + 31) / 32
              * 4;
  for (int row = 0; row < out.rows; ++row) {
    auto begin = x.pixels + line * static_cast<uint64_t>(row);
    auto* to = out.ptr(x.upward ? out.rows - 1 - row : row);
    for (uint64_t i = 0; i < static_cast<uint64_t>(out.cols); ++i) {
      if (x.bits <= 8) {
        auto bit = i * x.bits;
        auto index = x.byte(begin + bit / 8) >> (8 - x.bits - bit % 8)
                     & ((1u << x.bits) - 1);
        for (int c = 0; c < 3; ++c)
          *to++ = colours[index][c];
        continue;
      }
      auto pixel = x.number(begin + i * x.bits / 8,
                            static_cast<int>(x.bits / 8));
      for (int c = 0; c < out.channels(); ++c)
        *to++ = x.parts[static_cast<size_t>(c)].of(pixel);
    }
  }
}

/// Writes pixels at a place that moves; what is outside is left out.
class brush {
public:
  brush(const bmp_file& x, const palette& colours, cv::Mat& out)
    : upward_(x.upward), colours_(colours), out_(out) {
    // nop
  }

  void put(uint32_t index) {
    if (column_ < out_.cols && row_ < out_.rows)
      out_.at<cv::Vec3b>(upward_ ? out_.rows - 1 - row_ : row_, column_)
        = colours_[index];
    ++column_;
  }

  void move(uint32_t right, uint32_t rows) {
    column_ += static_cast<int>(right);
    row_ += static_cast<int>(rows);
  }

  void next_row() {
    column_ = 0;
    ++row_;
  }

  bool done() const {
    return row_ >= out_.rows;
  }

private:
  bool upward_;
  const palette& colours_;
  cv::Mat& out_;
  int row_ = 0;
  int column_ = 0;
};

void read_runs(const bmp_file& x, const palette& colours, cv::Mat& out) {
  out.setTo(cv::Scalar{0, 0, 0});
  auto half = x.packing == runs_4;
  brush to{x, colours, out};
  auto index = [&](uint32_t byte, uint32_t i) {
    return !half ? byte : i % 2 == 0 ? byte >> 4 : byte & 15;
  };
  for (auto at = x.pixels; x.has(at + 1) && !to.done();) {
    auto count = x.byte(at);
    auto value = x.byte(at + 1);
    at += 2;
    if (count > 0) {
      for (uint32_t i = 0; i < count; ++i)
        to.put(index(value, i));
    } else if (value == 0) {
      to.next_row();
    } else if (value == 1) {
      return;
    } else if (value == 2) {
      to.move(x.byte(at), x.byte(at + 1));
      at += 2;
    } else {
      for (uint32_t i = 0; i < value; ++i)
        to.put(index(x.byte(at + (half ? i / 2 : i)), i));
      auto bytes = half ? (value + 1) / 2 : value;
      at += bytes + bytes % 2;
    }
  }
}

} // namespace

result<cv::Mat> decode_bmp(std::string_view bytes, const image_header& header) {
  bmp_file x{bytes};
  auto indexed = x.bits == 1 || x.bits == 4 || x.bits == 8;
  auto direct = x.bits == 16 || x.bits == 24 || x.bits == 32;
  auto runs = (x.packing == runs_8 && x.bits == 8)
              || (x.packing == runs_4 && x.bits == 4);
  auto plain = x.packing == none ? indexed || direct
                                 : x.packing == masks && x.bits != 24 && direct;
  if (!runs && !plain)
    return fail(failure_kind::invalid_input,
                "the BMP is of a kind that is not read");
  palette colours;
  for (uint32_t i = 0; i < colours.size(); ++i)
    colours[i] = x.colour(i);
  cv::Mat out;
  out.create(static_cast<int>(header.height), static_cast<int>(header.width),
             direct && x.parts[3].mask != 0 ? CV_8UC4 : CV_8UC3);
  if (runs)
    read_runs(x, colours, out);
  else
    read_rows(x, colours, out);
  return out;
}

} // namespace render::media
