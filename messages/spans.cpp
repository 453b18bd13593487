#include "messages/spans.hpp"

#include "messages/text/hex.hpp"

#include <algorithm>

namespace render {

namespace {

constexpr size_t traceparent_size = 55;
constexpr size_t tracestate_max = 512;
constexpr size_t tracestate_members_max = 32;
constexpr size_t tracestate_part_max = 256;

std::optional<uint64_t> read_hex(std::string_view digits) {
  uint64_t out = 0;
  for (auto c : digits) {
    auto digit = hex_digits.find(c);
    if (digit == std::string_view::npos)
      return std::nullopt;
    out = out << 4 | digit;
  }
  return out;
}

std::string hex_of(uint64_t x) {
  std::string out(16, '0');
  for (size_t i = 16; i-- > 0; x >>= 4)
    out[i] = hex_digits[x & 15];
  return out;
}

bool is_key_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
         || std::string_view{"_-*/@"}.find(c) != std::string_view::npos;
}

bool is_value_char(char c) {
  return c >= ' ' && c <= '~' && c != ',' && c != '=';
}

bool is_member(std::string_view x) {
  auto border = x.find('=');
  if (border == std::string_view::npos)
    return false;
  auto key = x.substr(0, border);
  auto value = x.substr(border + 1);
  return !key.empty() && key.size() <= tracestate_part_max && !value.empty()
         && value.size() <= tracestate_part_max && is_key_char(key.front())
         && std::isalnum(static_cast<unsigned char>(key.front()))
         && std::all_of(key.begin(), key.end(), is_key_char)
         && std::all_of(value.begin(), value.end(), is_value_char);
}

std::string_view trimmed(std::string_view x) {
  auto begin = x.find_first_not_of(" \t");
  if (begin == std::string_view::npos)
    return {};
  return x.substr(begin, x.find_last_not_of(" \t") - begin + 1);
}

} // namespace

std::string trace_id_text(const span_context& x) {
  return hex_of(x.trace_high) + hex_of(x.trace_low);
}

std::string span_id_text(uint64_t span) {
  return hex_of(span);
}

std::string traceparent_of(const span_context& x) {
  if (!x)
    return {};
  return "00-" + trace_id_text(x) + "-" + span_id_text(x.span) + "-"
         + (x.sampled ? "01" : "00");
}

std::optional<span_context> read_traceparent(std::string_view text) {
  if (text.size() < traceparent_size || text[2] != '-' || text[35] != '-'
      || text[52] != '-')
    return std::nullopt;
  auto version = read_hex(text.substr(0, 2));
  auto high = read_hex(text.substr(3, 16));
  auto low = read_hex(text.substr(19, 16));
  auto span = read_hex(text.substr(36, 16));
  auto flags = read_hex(text.substr(53, 2));
  if (!version || !high || !low || !span || !flags || *version == 0xff)
    return std::nullopt;
  // Later versions may add fields behind.
  if (text.size() > traceparent_size
      && (*version == 0 || text[traceparent_size] != '-'))
    return std::nullopt;
  span_context out{*high, *low, *span, (*flags & 1) != 0};
  if (!out)
    return std::nullopt;
  return out;
}

bool is_tracestate(std::string_view text) {
  if (text.size() > tracestate_max)
    return false;
  size_t members = 0;
  while (true) {
    auto border = std::min(text.find(','), text.size());
    auto member = trimmed(text.substr(0, border));
    // Empty ones are allowed, and count for nothing.
    if (!member.empty()
        && (!is_member(member) || ++members > tracestate_members_max))
      return false;
    if (border == text.size())
      return members > 0;
    text.remove_prefix(border + 1);
  }
}

span_context read_span_context(std::string_view traceparent,
                               std::string_view tracestate) {
  auto out = read_traceparent(traceparent).value_or(span_context{});
  if (out && is_tracestate(tracestate)) {
    out.state = tracestate;
    // Between members a tab is as good as a blank, and a log has no tabs.
    std::replace(out.state.begin(), out.state.end(), '\t', ' ');
  }
  return out;
}

void add_text(span& to, std::string key, std::string text) {
  if (!text.empty())
    to.attributes.push_back({std::move(key), std::move(text), {}});
}

void add_number(span& to, std::string key, int64_t number) {
  to.attributes.push_back({std::move(key), {}, number});
}

} // namespace render
