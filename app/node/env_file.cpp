#include "app/node/config.hpp"

#include <cctype>
#include <optional>

namespace render {

namespace {

constexpr std::string_view blanks = " \t\v\f";

bool is_blank(char c) {
  return blanks.find(c) != std::string_view::npos;
}

bool is_line_end(char c) {
  return c == '\n' || c == '\r';
}

std::string_view trimmed_right(std::string_view x) {
  while (!x.empty() && is_blank(x.back()))
    x.remove_suffix(1);
  return x;
}

/// Reads the text statement by statement; a value in quotes may go over lines.
class env_reader {
public:
  env_reader(std::string_view text, const environment& around)
    : text_(text), around_(around) {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (text_.starts_with(byte_order_mark))
      at_ = byte_order_mark.size();
  }

  env_file read() {
    while (at_ < text_.size()) {
      skip_blanks();
      if (at_ == text_.size() || is_line_end(text_[at_]) || text_[at_] == '#') {
        next_line();
        continue;
      }
      auto first_line = line_;
      auto begin = at_;
      if (read_statement())
        continue;
      // A quote that is never closed must not swallow the lines after it.
      at_ = begin;
      line_ = first_line;
      next_line();
      out_.warnings.push_back("line " + std::to_string(first_line)
                              + " is left out: must be NAME=value, or a "
                                "comment");
    }
    return std::move(out_);
  }

private:
  bool read_statement() {
    skip_word("export");
    auto name = read_name();
    if (name.empty())
      return false;
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != '=') {
      // A name without `=` is not set, and is no error.
      auto alone = ends_here();
      if (alone)
        out_.warnings.push_back("line " + std::to_string(line_) + ": " + name
                                + " has no =, so it is not set");
      next_line();
      return alone;
    }
    ++at_;
    skip_blanks();
    auto value = read_value();
    if (!value || !ends_here())
      return false;
    out_.values[name] = expanded(*value);
    next_line();
    return true;
  }

  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_]))
      ++at_;
  }

  void skip_word(std::string_view word) {
    auto rest = text_.substr(at_);
    if (!rest.starts_with(word) || rest.size() == word.size()
        || !is_blank(rest[word.size()]))
      return;
    at_ += word.size();
    skip_blanks();
  }

  void next_line() {
    while (at_ < text_.size() && text_[at_] != '\n')
      ++at_;
    if (at_ < text_.size())
      ++at_;
    ++line_;
  }

  /// True when the rest of this line is empty or a comment.
  bool ends_here() {
    skip_blanks();
    return at_ == text_.size() || is_line_end(text_[at_]) || text_[at_] == '#';
  }

  std::string read_name() {
    auto begin = at_;
    while (at_ < text_.size()
           && (std::isalnum(static_cast<unsigned char>(text_[at_]))
               || text_[at_] == '_'))
      ++at_;
    auto out = text_.substr(begin, at_ - begin);
    if (!out.empty() && std::isdigit(static_cast<unsigned char>(out.front())))
      return {};
    return std::string{out};
  }

  std::optional<std::string> read_value() {
    if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\''))
      return read_quoted(text_[at_]);
    // An unquoted value ends at a comment that has a blank before it: right
    // after the = a # belongs to the value.
    auto begin = at_;
    while (at_ < text_.size() && !is_line_end(text_[at_])
           && !(text_[at_] == '#' && is_blank(text_[at_ - 1])))
      ++at_;
    return std::string{trimmed_right(text_.substr(begin, at_ - begin))};
  }

  std::optional<std::string> read_quoted(char quote) {
    std::string out;
    for (++at_; at_ < text_.size(); ++at_) {
      auto c = text_[at_];
      if (c == quote) {
        ++at_;
        return out;
      }
      if (c == '\n')
        ++line_;
      if (c == '\\' && at_ + 1 < text_.size())
        append_escaped(out, quote, text_[++at_]);
      else
        out += c;
    }
    return std::nullopt;
  }

  static void append_escaped(std::string& out, char quote, char c) {
    constexpr std::string_view names = "abfnrtv";
    constexpr std::string_view bytes = "\a\b\f\n\r\t\v";
    auto known = quote == '"' ? names.find(c) : std::string_view::npos;
    if (known != std::string_view::npos)
      out += bytes[known];
    else if (c == '\\' || c == '\'' || (quote == '"' && c == '"'))
      out += c;
    else
      (out += '\\') += c;
  }

  /// The environment wins over the file, as it does for the settings.
  std::string look_up(std::string_view name, std::string_view otherwise) const {
    for (auto* where : {&around_, &out_.values})
      if (auto at = where->find(name); at != where->end())
        return at->second;
    return std::string{otherwise};
  }

  std::string expanded(std::string_view x) const {
    std::string out;
    while (!x.empty()) {
      auto end = x.starts_with("${") ? x.find('}') : std::string_view::npos;
      auto inside = end == std::string_view::npos ? std::string_view{}
                                                  : x.substr(2, end - 2);
      auto colon = inside.find(':');
      if (end == std::string_view::npos
          || (colon != std::string_view::npos
              && !inside.substr(colon).starts_with(":-"))) {
        out += x.front();
        x.remove_prefix(1);
        continue;
      }
      out += look_up(inside.substr(0, colon), colon == std::string_view::npos
                                                ? std::string_view{}
                                                : inside.substr(colon + 2));
      x.remove_prefix(end + 1);
    }
    return out;
  }

  std::string_view text_;
  const environment& around_;
  env_file out_;
  size_t at_ = 0;
  size_t line_ = 1;
};

} // namespace

env_file read_env_file(std::string_view text, const environment& around) {
  return env_reader{text, around}.read();
}

result<environment> parse_env_file(std::string_view text) {
  return read_env_file(text, {}).values;
}

} // namespace render
