#include "app/simulator/charts.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace render::simulator {

namespace {

// Sizes of the whole picture, and of the plot in it.
constexpr double width = 900;
constexpr double height = 210;
constexpr double left = 48;
constexpr double right = width - 26;
constexpr double top = 8;
constexpr double bottom = height - 24;

struct scale {
  const chart& of;

  double x(double value) const {
    return left
           + (right - left) * (value - of.x_min)
               / std::max(1e-9, of.x_max - of.x_min);
  }

  double y(double value) const {
    return bottom - (bottom - top) * value / std::max(1e-9, of.y_max);
  }
};

std::string text_at(double x, double y, const char* anchor,
                    const std::string& text) {
  return "<text x=\"" + fixed_text(x, 1) + "\" y=\"" + fixed_text(y, 1)
         + "\" text-anchor=\"" + anchor + "\">" + html_text(text) + "</text>";
}

std::string grid_line(double x1, double y1, double x2, double y2) {
  return "<path class=\"grid\" d=\"M" + fixed_text(x1, 1) + " "
         + fixed_text(y1, 1) + "L" + fixed_text(x2, 1) + " " + fixed_text(y2, 1)
         + "\"/>";
}

std::string legend(const chart& x) {
  std::string out = "<p class=\"legend\">";
  for (auto& each : x.curves)
    out += "<span><i style=\"background:" + each.colour + "\"></i>"
           + html_text(each.label) + "</span>";
  return out + "</p>";
}

} // namespace

std::string svg_chart(const chart& x) {
  scale to{x};
  auto out = "<h3>" + html_text(x.title) + "</h3>";
  if (x.curves.size() > 1)
    out += legend(x);
  out += "<svg viewBox=\"0 0 " + fixed_text(width, 0) + " "
         + fixed_text(height, 0) + "\" role=\"img\" aria-label=\""
         + html_text(x.title) + "\">";
  for (auto& mark : x.y_marks)
    out += grid_line(left, to.y(mark.at), right, to.y(mark.at))
           + text_at(left - 6, to.y(mark.at) + 4, "end", mark.text);
  for (auto& mark : x.x_marks)
    out += grid_line(to.x(mark.at), top, to.x(mark.at), bottom)
           + text_at(to.x(mark.at), bottom + 17, "middle", mark.text);
  for (auto& each : x.curves) {
    out += "<polyline stroke=\"" + each.colour + "\" points=\"";
    for (auto& [at, value] : each.points)
      out += fixed_text(to.x(at), 1) + "," + fixed_text(to.y(value), 1) + " ";
    out += "\"/>";
  }
  return out + "</svg>";
}

std::vector<axis_mark> count_marks(double most) {
  auto rough = std::max(1.0, most) / 5;
  auto magnitude = std::pow(10.0, std::floor(std::log10(rough)));
  auto step = magnitude * 10;
  for (auto factor : {1.0, 2.0, 5.0})
    if (magnitude * factor >= rough) {
      step = magnitude * factor;
      break;
    }
  // Jobs and GPUs are whole numbers.
  step = std::max(1.0, step);
  std::vector<axis_mark> out;
  for (auto at = 0.0; out.empty() || out.back().at < most; at += step)
    out.push_back({at, fixed_text(at, 0)});
  return out;
}

std::vector<axis_mark> hour_marks(double span_s) {
  static constexpr double steps_h[] = {0.05, 0.1, 0.2, 0.5, 1,  2,  3,
                                       4,    6,   12,  24,  48, 96, 168};
  auto hours = std::max(span_s, 1.0) / 3600;
  auto step = steps_h[std::size(steps_h) - 1];
  for (auto x : steps_h)
    if (hours / x <= 12) {
      step = x;
      break;
    }
  auto digits = step >= 1 ? 0 : step >= 0.1 ? 1 : 2;
  std::vector<axis_mark> out;
  for (auto i = 0; i * step <= hours; ++i)
    out.push_back({i * step * 3600, fixed_text(i * step, digits) + " h"});
  return out;
}

std::string html_text(const std::string& x) {
  std::string out;
  for (auto c : x)
    switch (c) {
    case '&':
      out += "&amp;";
      break;
    case '<':
      out += "&lt;";
      break;
    case '>':
      out += "&gt;";
      break;
    case '"':
      out += "&quot;";
      break;
    default:
      out += c;
    }
  return out;
}

std::string fixed_text(double x, int digits) {
  char buffer[400];
  std::snprintf(buffer, sizeof(buffer), "%.*f", digits, x);
  return buffer;
}

} // namespace render::simulator
