#include "messages/text/json.hpp"

#include <rapidjson/encodedstream.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>

namespace render::json {

namespace {

constexpr int depth_max = 100;
// A value takes 16 bytes, and twice that while the text is read. The longest
// useful answer, ComfyUI's list of node classes, has a tenth of this number.
constexpr size_t values_max = 1'000'000;

/// A document while it is read. Too much depth would exhaust the stack, here
/// and in code that walks through the document later; too many values would
/// exhaust the memory.
struct bounded_document : document {
  bool admit() {
    if (++values > values_max)
      refusal = "JSON has more than 1000000 values";
    return !refusal;
  }

  bool descend() {
    if (++depth > depth_max)
      refusal = "JSON is nested more than 100 levels deep";
    return admit();
  }

  bool Null() {
    return admit() && document::Null();
  }

  bool Bool(bool x) {
    return admit() && document::Bool(x);
  }

  bool Int(int x) {
    return admit() && document::Int(x);
  }

  bool Uint(unsigned x) {
    return admit() && document::Uint(x);
  }

  bool Int64(int64_t x) {
    return admit() && document::Int64(x);
  }

  bool Uint64(uint64_t x) {
    return admit() && document::Uint64(x);
  }

  bool Double(double x) {
    // RapidJSON 1.1.0 turns some numbers that are too big into infinity.
    if (!infinite_too && std::isinf(x))
      refusal = "JSON has a number that is too big";
    return admit() && document::Double(x);
  }

  bool RawNumber(const Ch* text, rapidjson::SizeType size, bool) {
    if (int64_t x = 0; is_whole(text, size, x))
      return Int64(x);
    if (uint64_t x = 0; is_whole(text, size, x))
      return Uint64(x);
    double x = 0;
    // Too small a number is 0 or nearly so; from_chars does not say which.
    if (std::from_chars(text, text + size, x).ec != std::errc{})
      x = std::strtod(text, nullptr);
    return Double(x);
  }

  bool String(const Ch* text, rapidjson::SizeType size, bool copy) {
    return admit() && document::String(text, size, copy);
  }

  bool Key(const Ch* text, rapidjson::SizeType size, bool copy) {
    return admit() && document::Key(text, size, copy);
  }

  bool StartObject() {
    return descend() && document::StartObject();
  }

  bool EndObject(rapidjson::SizeType members) {
    --depth;
    return document::EndObject(members);
  }

  bool StartArray() {
    return descend() && document::StartArray();
  }

  bool EndArray(rapidjson::SizeType elements) {
    --depth;
    return document::EndArray(elements);
  }

  template <class T>
  static bool is_whole(const Ch* text, rapidjson::SizeType size, T& to) {
    auto [end, error] = std::from_chars(text, text + size, to);
    return error == std::errc{} && end == text + size;
  }

  /// Python's JSON has infinity.
  bool infinite_too = false;
  int depth = 0;
  size_t values = 0;
  /// Why reading has stopped.
  const char* refusal = nullptr;
};

// What is passed on must stay as it came. RapidJSON 1.1.0's quick way to read a
// number is off by a little, and its exact way has undefined behaviour for
// zero.
constexpr unsigned exact_numbers = rapidjson::kParseNumbersAsStringsFlag;

// Not in place: a copy of a value would still point into the first document's
// text.
template <unsigned Flags>
rapidjson::ParseResult read(bounded_document& to, std::string_view text) {
  rapidjson::MemoryStream bytes{text.data(), text.size()};
  rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream> in{
    bytes};
  rapidjson::Reader reader;
  auto generate = [&](document&) {
    return !reader.Parse<Flags | exact_numbers>(in, to).IsError();
  };
  to.Populate(generate);
  // RapidJSON stops at a zero byte, although the text may go on after it.
  if (!reader.HasParseError() && in.Tell() < text.size())
    return {rapidjson::kParseErrorDocumentRootNotSingular, in.Tell()};
  return {reader.GetParseErrorCode(), reader.GetErrorOffset()};
}

bool is_ascii(std::string_view text) {
  uint64_t all = 0;
  while (text.size() >= sizeof all) {
    uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    all |= word;
    text.remove_prefix(sizeof word);
  }
  for (auto c : text)
    all |= static_cast<unsigned char>(c);
  return (all & 0x8080808080808080) == 0;
}

// The code unit of the \u escape at the start of `text`.
std::optional<unsigned> escaped_unit(std::string_view text) {
  unsigned unit = 0;
  if (text.size() < 6 || text[0] != '\\' || text[1] != 'u')
    return std::nullopt;
  auto [end, err] = std::from_chars(&text[2], &text[2] + 4, unit, 16);
  if (err != std::errc{} || end != &text[2] + 4)
    return std::nullopt;
  return unit;
}

// RapidJSON refuses a lone first half of a pair, and turns a lone second half
// into invalid UTF-8.
std::string mended_surrogates(std::string_view text) {
  std::string out{text};
  for (size_t i = 0; (i = out.find('\\', i)) != std::string::npos; i += 2) {
    auto rest = std::string_view{out}.substr(i);
    auto unit = escaped_unit(rest);
    if (!unit || *unit < 0xD800 || *unit > 0xDFFF)
      continue;
    auto next = escaped_unit(rest.substr(6));
    if (*unit < 0xDC00 && next && *next >= 0xDC00 && *next <= 0xDFFF)
      i += 6;
    else
      out.replace(i, 6, "\\ufffd");
  }
  return out;
}

bool may_hold_surrogates(std::string_view text) {
  return text.find("\\ud") != std::string_view::npos
         || text.find("\\uD") != std::string_view::npos;
}

template <unsigned Flags>
result<document> parse_with(std::string_view text) {
  std::string mended;
  if (may_hold_surrogates(text))
    text = mended = mended_surrogates(text);
  bounded_document doc;
  doc.infinite_too = (Flags & rapidjson::kParseNanAndInfFlag) != 0;
  // Most text is ASCII, and checking the encoding is much of the work.
  auto done = is_ascii(text)
                ? read<Flags>(doc, text)
                : read<Flags | rapidjson::kParseValidateEncodingFlag>(doc,
                                                                      text);
  if (done.Code() == rapidjson::kParseErrorTermination)
    return fail(failure_kind::invalid_input, doc.refusal);
  if (done.IsError())
    return fail(failure_kind::invalid_input,
                "not valid JSON at byte " + std::to_string(done.Offset()) + ": "
                  + rapidjson::GetParseError_En(done.Code()));
  return document{std::move(doc)};
}

} // namespace

result<document> parse(std::string_view text) {
  return parse_with<rapidjson::kParseNoFlags>(text);
}

result<document> parse_as_python(std::string_view text) {
  return parse_with<rapidjson::kParseNanAndInfFlag>(text);
}

const value* find(const value& object, std::string_view name) {
  if (!object.IsObject())
    return nullptr;
  auto found = object.FindMember(value{rapidjson::StringRef(
    name.data(), static_cast<rapidjson::SizeType>(name.size()))});
  return found == object.MemberEnd() ? nullptr : &found->value;
}

std::optional<std::string> string(const value& object, std::string_view name) {
  auto* x = find(object, name);
  if (!x || !x->IsString())
    return std::nullopt;
  return std::string{x->GetString(), x->GetStringLength()};
}

std::optional<double> number(const value& object, std::string_view name) {
  auto* x = find(object, name);
  if (!x || !x->IsNumber())
    return std::nullopt;
  return x->GetDouble();
}

std::optional<int64_t> integer(const value& object, std::string_view name) {
  auto* x = find(object, name);
  if (!x || !x->IsInt64())
    return std::nullopt;
  return x->GetInt64();
}

std::optional<bool> boolean(const value& object, std::string_view name) {
  auto* x = find(object, name);
  if (!x || !x->IsBool())
    return std::nullopt;
  return x->GetBool();
}

std::string string_or_empty(const value& object, std::string_view name) {
  return string(object, name).value_or(std::string{});
}

std::string to_text(const value& x) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer, rapidjson::UTF8<>,
                    rapidjson::UTF8<>, rapidjson::CrtAllocator,
                    rapidjson::kWriteNanAndInfFlag>
    writer{buffer};
  x.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

std::string quote(std::string_view text) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer{buffer};
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  return {buffer.GetString(), buffer.GetSize()};
}

std::string fixed(double x, int decimals) {
  // The longest double has 309 digits before its point.
  char out[400];
  std::snprintf(out, sizeof(out), "%.*f", decimals, std::isfinite(x) ? x : 0);
  return out;
}

value make_string(std::string_view text, document& doc) {
  return value{text.data(), static_cast<rapidjson::SizeType>(text.size()),
               doc.GetAllocator()};
}

} // namespace render::json
