#pragma once
// Line charts as inline SVG, which need no script and no other file. Pure.
#include <string>
#include <utility>
#include <vector>

namespace render::simulator {

struct curve {
  std::string label;
  /// A CSS colour.
  std::string colour;
  /// x ascending.
  std::vector<std::pair<double, double>> points;
};

struct axis_mark {
  double at = 0;
  std::string text;
};

struct chart {
  std::string title;
  double x_min = 0;
  double x_max = 1;
  double y_max = 1;
  std::vector<axis_mark> x_marks;
  std::vector<axis_mark> y_marks;
  std::vector<curve> curves;
};

/// HTML of the title, a legend for more than one curve, and the picture.
std::string svg_chart(const chart& x);

/// About five round values from 0 to `most`; the last may lie above it.
std::vector<axis_mark> count_marks(double most);

/// Hours along `span_s` seconds.
std::vector<axis_mark> hour_marks(double span_s);

/// Escapes the characters that HTML would read as markup.
std::string html_text(const std::string& x);

/// "1234.50" for 2 digits.
std::string fixed_text(double x, int digits);

} // namespace render::simulator
