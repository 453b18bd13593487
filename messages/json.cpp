#include "messages/json.hpp"

#include <rapidjson/error/en.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace render::json {

namespace {

constexpr int depth_max = 100;

// RapidJSON's iterative parser keeps its own stack on the heap, but a deep
// document still recurses in destructors and writers: refuse it by a count.
bool too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > depth_max)
        return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

} // namespace

result<document> parse(std::string_view text) {
  if (too_deep(text))
    return fail(failure_kind::invalid_input,
                "JSON is nested more than 100 levels deep");
  document doc;
  doc.Parse<rapidjson::kParseIterativeFlag
            | rapidjson::kParseValidateEncodingFlag>(text.data(), text.size());
  if (doc.HasParseError())
    return fail(failure_kind::invalid_input,
                "not valid JSON at byte " + std::to_string(doc.GetErrorOffset())
                  + ": " + rapidjson::GetParseError_En(doc.GetParseError()));
  return doc;
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
