#include "messages/json.hpp"

#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace render::json {

namespace {

constexpr int depth_max = 100;

/// A document while it is read. One that is too deep would exhaust the stack,
/// here and in whatever walks through it later.
struct bounded_document : document {
  bool StartObject() {
    return ++depth <= depth_max && document::StartObject();
  }

  bool EndObject(rapidjson::SizeType members) {
    --depth;
    return document::EndObject(members);
  }

  bool StartArray() {
    return ++depth <= depth_max && document::StartArray();
  }

  bool EndArray(rapidjson::SizeType elements) {
    --depth;
    return document::EndArray(elements);
  }

  int depth = 0;
};

template <unsigned Flags>
rapidjson::ParseResult read(bounded_document& to, char* text, size_t size) {
  rapidjson::InsituStringStream in{text};
  rapidjson::Reader reader;
  auto generate = [&](document&) {
    return !reader.Parse<Flags | rapidjson::kParseInsituFlag>(in, to).IsError();
  };
  to.Populate(generate);
  // A zero byte ends what RapidJSON reads, but not what we were given.
  if (!reader.HasParseError() && in.Tell() < size)
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
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  auto before = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
  text.remove_prefix(before);
  bounded_document doc;
  // The document's strings stay where they are in this copy.
  auto* copy = static_cast<char*>(doc.GetAllocator().Malloc(text.size() + 1));
  *std::copy(text.begin(), text.end(), copy) = '\0';
  // Most text is ASCII, and looking at the encoding is much of the work.
  auto done
    = is_ascii(text)
        ? read<rapidjson::kParseNoFlags>(doc, copy, text.size())
        : read<rapidjson::kParseValidateEncodingFlag>(doc, copy, text.size());
  if (done.Code() == rapidjson::kParseErrorTermination)
    return fail(failure_kind::invalid_input,
                "JSON is nested more than 100 levels deep");
  if (done.IsError()) {
    auto at = std::to_string(before + done.Offset());
    return fail(failure_kind::invalid_input,
                "not valid JSON at byte " + at + ": "
                  + rapidjson::GetParseError_En(done.Code()));
  }
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
