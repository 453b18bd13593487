#include "messages/text/foreign_text.hpp"

#include "messages/http.hpp"
#include "messages/text/base64.hpp"
#include "messages/text/json.hpp"
#include "messages/text/lower.hpp"

#include <algorithm>

namespace render {

namespace {

constexpr std::string_view mark = "***";
/// Characters of a form by which it is recognized.
constexpr size_t stem_length = 8;

/// Base64 of the secret after `before` other bytes, without the characters that
/// depend on its neighbours.
std::string base64_form(std::string_view secret, size_t before) {
  auto text = to_base64(std::string(before, '\0') + std::string{secret});
  auto begin = (before * 8 + 5) / 6;
  auto end = (before + secret.size()) * 8 / 6;
  return text.substr(begin, end - begin);
}

std::string replaced(std::string text, char from, char to) {
  std::replace(text.begin(), text.end(), from, to);
  return text;
}

std::string lower_hex(std::string text) {
  for (size_t i = 0; i + 2 < text.size(); ++i)
    if (text[i] == '%')
      for (auto k : {i + 1, i + 2})
        if (text[k] >= 'A' && text[k] <= 'F')
          text[k] = static_cast<char>(text[k] - 'A' + 'a');
  return text;
}

std::vector<std::string> forms_of(const std::string& secret) {
  auto encoded = percent_encode(secret);
  auto quoted = json::quote(secret);
  std::vector<std::string> out{secret, encoded, lower_hex(encoded),
                               quoted.substr(1, quoted.size() - 2)};
  for (size_t before : {0, 1, 2}) {
    auto text = base64_form(secret, before);
    if (text.size() < stem_length)
      continue;
    out.push_back(replaced(replaced(text, '+', '-'), '/', '_'));
    out.push_back(std::move(text));
  }
  return out;
}

struct span {
  size_t begin = 0;
  size_t end = 0;
};

void find_form(std::string_view text, std::string_view form,
               std::vector<span>& to) {
  auto stem = form.substr(0, stem_length);
  for (auto at = text.find(stem); at != std::string_view::npos;
       at = text.find(stem, at + 1)) {
    auto found = text.substr(at);
    auto end = std::mismatch(found.begin(), found.end(), form.begin(),
                             form.end())
                 .first;
    to.push_back({at, at + static_cast<size_t>(end - found.begin())});
  }
}

bool ends_url(char c) {
  return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '\''
         || c == '<' || c == '>' || c == '`';
}

/// Where the next http:// or https:// begins, in letters of any case.
size_t find_url(std::string_view text, size_t from) {
  for (auto at = text.find("://", from); at != std::string_view::npos;
       at = text.find("://", at + 1))
    for (std::string_view scheme : {"https", "http"})
      if (at >= from + scheme.size()
          && lower(text.substr(at - scheme.size(), scheme.size())) == scheme)
        return at - scheme.size();
  return std::string_view::npos;
}

} // namespace

secret_mask::secret_mask(const std::vector<std::string>& secrets) {
  std::vector<std::string> forms;
  for (auto& x : secrets)
    if (x.size() >= shortest)
      for (auto& form : forms_of(x))
        forms.push_back(std::move(form));
  std::sort(forms.begin(), forms.end());
  forms.erase(std::unique(forms.begin(), forms.end()), forms.end());
  forms_ = std::make_shared<const std::vector<std::string>>(std::move(forms));
}

// Forms overlap, and some begin alike: a character covered by any of them is
// masked.
std::string secret_mask::masked(std::string_view text) const {
  std::vector<span> found;
  if (forms_)
    for (auto& x : *forms_)
      find_form(text, x, found);
  std::sort(found.begin(), found.end(), [](const span& a, const span& b) {
    return a.begin < b.begin;
  });
  std::string out;
  size_t done = 0;
  for (auto& x : found) {
    // An overlapping span needs no second mark.
    if (x.begin >= done)
      out.append(text.substr(done, x.begin - done)).append(mark);
    done = std::max(done, x.end);
  }
  return out.append(text.substr(done));
}

std::string without_url_secrets(std::string_view text) {
  std::string out;
  size_t done = 0;
  for (auto at = find_url(text, 0); at != std::string_view::npos;
       at = find_url(text, done)) {
    auto end = static_cast<size_t>(
      std::find_if(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(),
                   ends_url)
      - text.begin());
    out += text.substr(done, at - done);
    out += redacted_url(text.substr(at, end - at));
    done = end;
  }
  return out.append(text.substr(done));
}

std::string foreign_text(std::string_view text, const secret_mask& mask,
                         size_t limit) {
  return excerpt(mask.masked(without_url_secrets(text)), limit);
}

failure fit_to_leave(failure what, const secret_mask& mask) {
  what.message = foreign_text(what.message, mask, failure_text_max);
  // An outcome with an empty message would count as a success.
  if (what.message.empty())
    what.message = "an error without words";
  return what;
}

} // namespace render
