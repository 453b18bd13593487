#include "app/web/multipart.hpp"

#include "messages/text/lower.hpp"

namespace render::web {

namespace {

std::string_view trimmed(std::string_view x) {
  while (!x.empty() && (x.front() == ' ' || x.front() == '\t'))
    x.remove_prefix(1);
  while (!x.empty() && (x.back() == ' ' || x.back() == '\t'))
    x.remove_suffix(1);
  return x;
}

/// The parameter of a header such as `form-data; name="a"; filename="b;c"`.
/// Browsers escape a quote as %22 and nothing else, so a backslash is itself.
std::optional<std::string> parameter(std::string_view value,
                                     std::string_view name) {
  auto at = value.find(';');
  while (at != std::string_view::npos) {
    value.remove_prefix(at + 1);
    value = trimmed(value);
    auto equals = value.find('=');
    if (equals == std::string_view::npos)
      return std::nullopt;
    auto found = lower(trimmed(value.substr(0, equals)));
    value = trimmed(value.substr(equals + 1));
    std::string_view text;
    if (value.starts_with('"')) {
      auto end = value.find('"', 1);
      if (end == std::string_view::npos)
        return std::nullopt;
      text = value.substr(1, end - 1);
      at = value.find(';', end);
    } else {
      at = value.find(';');
      text = trimmed(value.substr(0, at));
    }
    if (found == name)
      return std::string{text};
  }
  return std::nullopt;
}

/// It ends the head of a part.
constexpr std::string_view empty_line{"\r\n\r\n"};

failure bad_form(std::string_view what) {
  return {failure_kind::invalid_input,
          "multipart/form-data: " + std::string{what}};
}

} // namespace

std::optional<std::string> boundary_of(std::string_view content_type) {
  auto type = lower(trimmed(content_type.substr(0, content_type.find(';'))));
  if (type != "multipart/form-data")
    return std::nullopt;
  auto out = parameter(content_type, "boundary");
  if (!out || out->empty() || out->size() > 70)
    return std::nullopt;
  return out;
}

multipart_reader::multipart_reader(const std::string& boundary, sink to)
  : delimiter_("\r\n--" + boundary), to_(std::move(to)) {
  // The first boundary may stand at the very beginning.
  held_ = "\r\n";
}

result<void> multipart_reader::take(std::string_view bytes) {
  if (at_ == state::over)
    return {};
  held_ += bytes;
  auto more = true;
  while (more)
    if (auto ok = step(more); !ok)
      return ok;
  return {};
}

// Sets `more` to false when it has to wait for further bytes.
result<void> multipart_reader::step(bool& more) {
  switch (at_) {
  case state::preamble:
  case state::body: {
    auto end = held_.find(delimiter_);
    auto whole = end != std::string::npos;
    // What may be the beginning of a boundary is kept.
    if (!whole)
      end = held_.size() < delimiter_.size()
              ? 0
              : held_.size() - delimiter_.size() + 1;
    if (at_ == state::body && end > 0)
      if (auto ok = to_.bytes(std::string_view{held_}.substr(0, end)); !ok)
        return ok;
    held_.erase(0, whole ? end + delimiter_.size() : end);
    more = whole;
    if (!whole)
      return {};
    if (at_ == state::body)
      if (auto ok = to_.end(); !ok)
        return ok;
    at_ = state::after;
    return {};
  }
  case state::after:
    more = held_.size() >= 2;
    if (!more)
      return {};
    if (held_.starts_with("--")) {
      at_ = state::over;
      held_.clear();
      more = false;
    } else if (held_.starts_with("\r\n")) {
      held_.erase(0, 2);
      at_ = state::head;
    } else {
      return fail(
        bad_form("a boundary is followed by something else than a line"));
    }
    return {};
  case state::head: {
    auto end = held_.find(empty_line);
    if (end == std::string::npos || end > head_max) {
      more = false;
      // Of the line after the longest head, a part may be missing.
      if (held_.size() >= head_max + empty_line.size())
        return fail(bad_form("the head of a part is too long"));
      return {};
    }
    auto head = held_.substr(0, end);
    held_.erase(0, end + empty_line.size());
    at_ = state::body;
    return begin_part(head);
  }
  case state::over:
    more = false;
    break;
  }
  return {};
}

result<void> multipart_reader::begin_part(std::string_view head) {
  if (++parts_ > parts_max)
    return fail(bad_form("too many parts"));
  part out;
  std::optional<std::string> name;
  while (!head.empty()) {
    auto end = head.find("\r\n");
    auto line = head.substr(0, end);
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
    auto colon = line.find(':');
    if (colon == std::string_view::npos)
      return fail(bad_form("a part has a line that is no header"));
    auto field = lower(trimmed(line.substr(0, colon)));
    auto value = trimmed(line.substr(colon + 1));
    if (field == "content-type") {
      out.content_type = value;
    } else if (field == "content-disposition") {
      name = parameter(value, "name");
      if (auto file = parameter(value, "filename")) {
        out.is_file = true;
        out.file_name = file->substr(file->find_last_of("/\\") + 1);
      }
    }
  }
  if (!name)
    return fail(bad_form("a part has no name"));
  out.name = std::move(*name);
  return to_.begin(out);
}

} // namespace render::web
