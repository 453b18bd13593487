#include "app/web/python_values.hpp"

#include "messages/text/hex.hpp"
#include "messages/text/loose_number.hpp"
#include "messages/text/lower.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace render::web::python {

namespace {

std::string_view text_of(const json::value& x) {
  return {x.GetString(), x.GetStringLength()};
}

/// Whitespace beyond ASCII, as str.strip() knows it.
constexpr std::array<std::string_view, 19> wide_blanks{
  "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80",
  "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84",
  "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88",
  "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9",
  "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};

/// "[::1]:80", "user@[v1.x]", or without brackets.
bool has_good_brackets(std::string_view authority) {
  auto open = authority.find('[');
  auto close = authority.find(']');
  if (open == std::string_view::npos && close == std::string_view::npos)
    return true;
  if (open == std::string_view::npos || close == std::string_view::npos)
    return false;
  if (auto at = authority.rfind('@'); at != std::string_view::npos)
    authority.remove_prefix(at + 1);
  open = authority.find('[');
  close = authority.find(']');
  if (open != 0 || close == std::string_view::npos)
    return false;
  auto port = authority.substr(close + 1);
  if (!port.empty() && port.front() != ':')
    return false;
  auto host = authority.substr(1, close - 1);
  if (host.starts_with('v') || host.starts_with('V')) {
    auto dot = host.find('.');
    return dot > 1 && dot != std::string_view::npos && dot + 1 < host.size()
           && lower(host.substr(1, dot - 1)).find_first_not_of(hex_digits)
                == std::string::npos;
  }
  in6_addr ignored{};
  return inet_pton(AF_INET6,
                   std::string{host.substr(0, host.find('%'))}.c_str(),
                   &ignored)
         == 1;
}

} // namespace

bool is_true(const json::value& x) {
  if (x.IsNull() || x.IsFalse())
    return false;
  if (x.IsNumber())
    return x.GetDouble() != 0;
  if (x.IsString())
    return x.GetStringLength() > 0;
  if (x.IsArray())
    return !x.Empty();
  if (x.IsObject())
    return x.MemberCount() > 0;
  return true;
}

std::string_view type_name(const json::value& x) {
  if (x.IsNull())
    return "NoneType";
  if (x.IsBool())
    return "bool";
  if (x.IsNumber())
    return x.IsInt64() || x.IsUint64() ? "int" : "float";
  if (x.IsString())
    return "str";
  return x.IsArray() ? "list" : "dict";
}

std::optional<double> as_int(const json::value& x) {
  if (x.IsBool())
    return x.GetBool() ? 1 : 0;
  if (x.IsNumber() && std::isfinite(x.GetDouble()))
    return std::trunc(x.GetDouble());
  if (!x.IsString())
    return std::nullopt;
  auto text = text_of(x);
  auto number = loose_number(text);
  if (!number || text.find_first_of(".eExXnN") != std::string_view::npos)
    return std::nullopt;
  return number;
}

std::optional<double> as_float(const json::value& x) {
  if (x.IsBool())
    return x.GetBool() ? 1 : 0;
  if (x.IsNumber())
    return x.GetDouble();
  if (x.IsString())
    return loose_number(text_of(x));
  return std::nullopt;
}

bool is_blank(std::string_view x) {
  while (!x.empty()) {
    auto first = static_cast<unsigned char>(x.front());
    if (first == ' ' || (first >= 0x09 && first <= 0x0d)
        || (first >= 0x1c && first <= 0x1f)) {
      x.remove_prefix(1);
      continue;
    }
    auto* wide = std::find_if(wide_blanks.begin(), wide_blanks.end(),
                              [x](auto y) {
                                return x.starts_with(y);
                              });
    if (wide == wide_blanks.end())
      return false;
    x.remove_prefix(wide->size());
  }
  return true;
}

bool is_url(const json::value& x) {
  if (!x.IsString())
    return false;
  std::string plain;
  for (auto c : text_of(x)) {
    auto leads = plain.empty() && static_cast<unsigned char>(c) <= 0x20;
    if (!leads && c != '\t' && c != '\r' && c != '\n')
      plain += c;
  }
  std::string_view text{plain};
  auto colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos
      || !std::isalpha(static_cast<unsigned char>(text[0])))
    return false;
  auto scheme = text.substr(0, colon);
  auto good = std::all_of(scheme.begin(), scheme.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '+' || c == '-' || c == '.';
  });
  auto rest = text.substr(colon + 1);
  if (!good || !rest.starts_with("//"))
    return false;
  rest.remove_prefix(2);
  auto authority = rest.substr(0, rest.find_first_of("/?#"));
  return !authority.empty() && has_good_brackets(authority);
}

std::optional<std::string> exception_of_member(const json::value& x,
                                               std::string_view name) {
  if (x.IsString()) {
    if (text_of(x).find(name) == std::string_view::npos)
      return std::nullopt;
    return "string indices must be integers, not 'str'";
  }
  if (x.IsArray()) {
    for (auto& one : x.GetArray())
      if (one.IsString() && text_of(one) == name)
        return "list indices must be integers or slices, not str";
    return std::nullopt;
  }
  return "argument of type '" + std::string{type_name(x)} + "' is not iterable";
}

void drop_earlier_members(json::document& x) {
  if (!x.IsObject())
    return;
  std::set<std::string, std::less<>> seen;
  auto twice = false;
  for (auto& member : x.GetObject())
    twice |= !seen.emplace(text_of(member.name)).second;
  if (!twice)
    return;
  // The place of the first one, the value of the last one: as a dict has it.
  json::value kept{rapidjson::kObjectType};
  for (auto& member : x.GetObject()) {
    auto at = kept.FindMember(member.name);
    if (at == kept.MemberEnd())
      kept.AddMember(member.name, member.value, x.GetAllocator());
    else
      at->value = member.value;
  }
  static_cast<json::value&>(x) = kept;
}

} // namespace render::web::python
