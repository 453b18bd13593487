#pragma once
// Text of others on its way to a record, a webhook or the log. A GPU gets the
// API key with every request, and the GPU, or a proxy before it, may send the
// key back in an error.
#include "messages/failure.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace render {

/// Knows the configured secrets, also percent-encoded, in base64 and as a JSON
/// string. Cheap to copy.
class secret_mask {
public:
  /// Shorter secrets are not masked: any text may contain them as a word.
  static constexpr size_t shortest = 6;

  /// Masks nothing.
  secret_mask() = default;
  explicit secret_mask(const std::vector<std::string>& secrets);

  /// `text` with "***" for each secret. The first eight characters of a secret
  /// are enough, since the text may have been cut after them.
  std::string masked(std::string_view text) const;

private:
  std::shared_ptr<const std::vector<std::string>> forms_;
};

/// `text` with the user info and the query taken out of each http and https
/// URL in it: they hold passwords and signatures.
std::string without_url_secrets(std::string_view text);

/// Everything that is done to text of others: secrets masked, URLs cut, one
/// printable line of at most `limit` bytes and "...".
std::string foreign_text(std::string_view text, const secret_mask& mask,
                         size_t limit);

/// Longest failure message, bytes; it may be made of several excerpts.
inline constexpr size_t failure_text_max = 2'000;

/// The failure with a message that may leave the process.
failure fit_to_leave(failure what, const secret_mask& mask);

} // namespace render
