#include "messages/json.hpp"

#include <rapidjson/encodedstream.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstring>
#include <utility>

namespace render::json {

namespace {

constexpr int depth_max = 100;
// 16 bytes each, twice while it is read. The longest answer that is of use, a
// ComfyUI's list of node classes, has a tenth of it.
constexpr size_t values_max = 1'000'000;

/// Half a surrogate pair, which RapidJSON makes of an escape like "\ude00"?
/// No other text that it lets through has these bytes.
bool has_lone_surrogate(const char* text, size_t size) {
  std::string_view rest{text, size};
  for (auto at = rest.find('\xed'); at != std::string_view::npos;
       at = rest.find('\xed', at + 1))
    if (at + 1 < rest.size()
        && static_cast<unsigned char>(rest[at + 1]) >= 0xa0)
      return true;
  return false;
}

/// A document while it is read. One that is too deep would exhaust the stack,
/// here and in whatever walks through it later; one of too many values the
/// memory.
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

  bool admit_text(const Ch* text, rapidjson::SizeType size) {
    if (has_lone_surrogate(text, size))
      refusal = "JSON has half a surrogate pair in a text";
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
    return admit() && document::Double(x);
  }

  bool String(const Ch* text, rapidjson::SizeType size, bool copy) {
    return admit_text(text, size) && document::String(text, size, copy);
  }

  bool Key(const Ch* text, rapidjson::SizeType size, bool copy) {
    return admit_text(text, size) && document::Key(text, size, copy);
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

  int depth = 0;
  size_t values = 0;
  /// Why it is not read on.
  const char* refusal = nullptr;
};

// Not in place: a copy of a value would still lie in the first one's text.
template <unsigned Flags>
rapidjson::ParseResult read(bounded_document& to, std::string_view text) {
  rapidjson::MemoryStream bytes{text.data(), text.size()};
  rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream> in{
    bytes};
  rapidjson::Reader reader;
  auto generate = [&](document&) {
    return !reader.Parse<Flags>(in, to).IsError();
  };
  to.Populate(generate);
  // A zero byte ends what RapidJSON reads, but not what we were given.
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

} // namespace

result<document> parse(std::string_view text) {
  bounded_document doc;
  // Most text is ASCII, and looking at the encoding is much of the work.
  auto done = is_ascii(text)
                ? read<rapidjson::kParseNoFlags>(doc, text)
                : read<rapidjson::kParseValidateEncodingFlag>(doc, text);
  if (done.Code() == rapidjson::kParseErrorTermination)
    return fail(failure_kind::invalid_input, doc.refusal);
  if (done.IsError())
    return fail(failure_kind::invalid_input,
                "not valid JSON at byte " + std::to_string(done.Offset()) + ": "
                  + rapidjson::GetParseError_En(done.Code()));
  return document{std::move(doc)};
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
  rapidjson::Writer<rapidjson::StringBuffer> writer{buffer};
  x.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

std::string quote(std::string_view text) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer{buffer};
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  return {buffer.GetString(), buffer.GetSize()};
}

value make_string(std::string_view text, document& doc) {
  return value{text.data(), static_cast<rapidjson::SizeType>(text.size()),
               doc.GetAllocator()};
}

} // namespace render::json
