#include "messages/ids.hpp"

#include "messages/text/ascii.hpp"
#include "messages/text/printable.hpp"

#include <algorithm>
#include <charconv>

namespace render {

namespace {

constexpr size_t size_max = 64;
constexpr std::string_view uuid_form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

bool is_good(std::string_view text) {
  return !text.empty() && text.size() <= size_max && text[0] != '.'
         && text[0] != '-' && std::all_of(text.begin(), text.end(), [](char c) {
              return is_letter(c) || is_digit(c) || c == '.' || c == '_'
                     || c == '-';
            });
}

} // namespace

result<job_id> job_id::from(std::string_view text) {
  if (!is_good(text))
    return fail(failure_kind::invalid_input,
                "id: got \"" + printable(text, 80)
                  + "\", accepted are 1 to 64 letters, digits and . _ -, not "
                    "beginning with . or -");
  return job_id{std::string{text}};
}

bool job_id::is_uuid() const noexcept {
  return std::equal(begin(), end(), uuid_form.begin(), uuid_form.end(),
                    [](char c, char form) {
                      return form == '-' ? c == '-' : is_hex(c);
                    });
}

std::string to_string(const node_id& x) {
  return x.name
         + (x.incarnation == 0 ? "" : ":" + std::to_string(x.incarnation));
}

// What this program would not have printed so is a name as a whole.
node_id node_id_from(std::string_view text) {
  node_id out{worker_id{std::string{text}}};
  auto colon = text.rfind(':');
  if (colon == text.npos)
    return out;
  node_id parsed{worker_id{std::string{text.substr(0, colon)}}};
  std::from_chars(text.data() + colon + 1, text.data() + text.size(),
                  parsed.incarnation);
  return to_string(parsed) == text ? parsed : out;
}

} // namespace render
