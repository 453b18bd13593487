#include "messages/public_error.hpp"

#include "messages/text/ascii.hpp"
#include "messages/text/lower.hpp"

#include <algorithm>
#include <cctype>

namespace render {

namespace {

constexpr std::string_view hidden = "[hidden]";

bool is_name(char c) {
  return is_digit(c) || is_letter(c) || c == '-' || c == '_';
}

bool all_digits(std::string_view x) {
  return !x.empty() && std::all_of(x.begin(), x.end(), is_digit);
}

/// Without tags, and without what stands in scripts and styles.
std::string without_html(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    auto tag = text[i] == '<' && i + 1 < text.size()
               && (is_letter(text[i + 1]) || text[i + 1] == '/'
                   || text[i + 1] == '!');
    if (!tag) {
      out += text[i++];
      continue;
    }
    auto rest = text.substr(i);
    auto head = lower(rest.substr(0, 8));
    for (std::string_view name : {"script", "style"})
      if (head.substr(1).starts_with(name)) {
        auto closed = lower(rest).find("</" + std::string{name});
        rest.remove_prefix(std::min(closed, rest.size()));
        i = text.size() - rest.size();
      }
    auto end = text.find('>', i);
    i = end == std::string_view::npos ? text.size() : end + 1;
    if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  return out;
}

/// Of "https://user@host:80/x", "host:80" or "[::1]:80": the host.
std::string_view host_in(std::string_view x) {
  if (auto at = x.find("://"); at != std::string_view::npos)
    x.remove_prefix(at + 3);
  x = x.substr(0, x.find_first_of("/?#"));
  if (auto at = x.rfind('@'); at != std::string_view::npos)
    x.remove_prefix(at + 1);
  if (x.starts_with('['))
    return x.substr(1, x.find(']') - 1);
  return x.substr(0, x.find(':'));
}

/// Names of files that a customer or a model speaks of end alike.
bool is_host_name(std::string_view x) {
  auto dot = x.rfind('.');
  if (dot == std::string_view::npos || dot == 0)
    return lower(x) == "localhost";
  auto last = x.substr(dot + 1);
  if (!std::all_of(x.begin(), x.end(), [](char c) {
        return is_name(c) || c == '.';
      }))
    return false;
  if (std::count(x.begin(), x.end(), '.') == 3 && all_digits(last))
    return true;
  return last.size() > 1 && std::all_of(last.begin(), last.end(), is_letter);
}

/// A time of day has colons too.
bool is_ip6(std::string_view x) {
  x = x.substr(0, x.find(']'));
  return (x.find("::") != std::string_view::npos
          || std::count(x.begin(), x.end(), ':') == 7)
         && std::all_of(x.begin(), x.end(), [](char c) {
              return std::isxdigit(static_cast<unsigned char>(c)) != 0
                     || c == ':' || c == '.';
            });
}

/// Is this word one that leads into the fleet?
bool leads_inside(std::string_view word, const std::string& said) {
  if (word.empty())
    return false;
  auto theirs = [&said](std::string_view x) {
    return !x.empty() && said.find(lower(x)) != std::string::npos;
  };
  if (word.find("://") != std::string_view::npos)
    return !theirs(host_in(word));
  if (word.front() == '/' || word.starts_with("~/") || word.starts_with("./")
      || word.starts_with("../"))
    return word.size() > 1 && !theirs(word);
  // A relative path as well: output/..., .work/...
  if (word.find('/') != std::string_view::npos
      && (word.front() == '.' || is_host_name(word.substr(word.rfind('/') + 1))
          || is_host_name(host_in(word))))
    return !theirs(word);
  if (is_ip6(word))
    return true;
  auto host = host_in(word);
  auto port = host.size() < word.size() && word[host.size()] == ':'
              && all_digits(word.substr(host.size() + 1));
  return (is_host_name(host)
          || (port && !host.empty() && is_letter(host.front())))
         && !theirs(host);
}

bool parts_words(char c) {
  return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '\''
         || c == '`' || c == ',' || c == ';' || c == '(' || c == ')' || c == '{'
         || c == '}' || c == '=' || c == '<' || c == '>' || c == '|';
}

std::string without_places(std::string_view text, const std::string& said) {
  std::string out;
  size_t i = 0;
  while (i < text.size()) {
    if (parts_words(text[i])) {
      out += text[i++];
      continue;
    }
    auto end = i;
    while (end < text.size() && !parts_words(text[end]))
      ++end;
    auto word = text.substr(i, end - i);
    auto tail = word.size();
    while (tail > 0
           && (word[tail - 1] == ':' || word[tail - 1] == '.'
               || word[tail - 1] == '!' || word[tail - 1] == '?'
               || word[tail - 1] == ']'))
      --tail;
    auto core = word.substr(0, tail);
    auto head = core.starts_with("[") ? size_t{1} : size_t{0};
    if (leads_inside(core.substr(head), said))
      out.append(core.substr(0, head)).append(hidden).append(word.substr(tail));
    else
      out += word;
    i = end;
  }
  return out;
}

std::string one_line(std::string_view text) {
  std::string out;
  for (auto c : text) {
    auto blank = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    if (!blank)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  while (!out.empty() && out.back() == ' ')
    out.pop_back();
  return out;
}

/// "failed after 3 attempts" at the beginning of `text`, or nothing.
std::string_view attempts_in(std::string_view text) {
  constexpr std::string_view before = "failed after ";
  constexpr std::string_view after = " attempts";
  if (!text.starts_with(before))
    return {};
  auto at = before.size();
  while (at < text.size() && is_digit(text[at]))
    ++at;
  if (at == before.size() || !text.substr(at).starts_with(after))
    return {};
  return text.substr(0, at + after.size());
}

std::string only_the_fact(std::string_view message, std::string_view fact) {
  std::string out{attempts_in(message)};
  if (!out.empty())
    out += ": ";
  return out.append(fact);
}

} // namespace

std::string_view to_string(error_code x) noexcept {
  switch (x) {
  case error_code::invalid_input:
    return "invalid_input";
  case error_code::rejected:
    return "rejected";
  case error_code::expired:
    return "expired";
  case error_code::deadline_exceeded:
    return "deadline_exceeded";
  case error_code::unavailable:
    return "unavailable";
  case error_code::cancelled:
    return "cancelled";
  case error_code::internal:
    break;
  }
  return "internal";
}

error_code public_code(const failure& what) noexcept {
  switch (what.kind) {
  case failure_kind::invalid_input:
    return error_code::invalid_input;
  case failure_kind::rejected:
    return error_code::rejected;
  case failure_kind::deadline_passed:
    return what.message == expired_text ? error_code::expired
                                        : error_code::deadline_exceeded;
  case failure_kind::unavailable:
  case failure_kind::outcome_unknown:
  case failure_kind::shutting_down:
  case failure_kind::unfit:
  case failure_kind::aborted:
  case failure_kind::over_budget:
    return error_code::unavailable;
  case failure_kind::cancelled:
    return error_code::cancelled;
  case failure_kind::not_owner:
  case failure_kind::internal:
    break;
  }
  return error_code::internal;
}

std::string public_text(const failure& what, std::string_view said) {
  switch (public_code(what)) {
  case error_code::unavailable:
    return only_the_fact(what.message,
                         "the rendering service did not work or could not be "
                         "reached");
  case error_code::internal:
    return only_the_fact(what.message, "an internal error");
  case error_code::cancelled:
    return "the job was cancelled";
  case error_code::invalid_input:
  case error_code::rejected:
  case error_code::expired:
  case error_code::deadline_exceeded:
    break;
  }
  auto out = one_line(without_places(without_html(what.message), lower(said)));
  return out.empty() ? "failed without a reason" : out;
}

void make_public(job_outcome& x, std::string_view beginning,
                 std::string_view said) {
  if (x.success())
    return;
  x.error_code = to_string(public_code(x.error));
  auto text = std::string{beginning} + public_text(x.error, said);
  x.error_detail = std::string{beginning} + std::move(x.error.message);
  x.error.message = std::move(text);
}

} // namespace render
