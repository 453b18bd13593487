#pragma once
// What a URL and an answer tell about a receiver. Pure.
#include "messages/http.hpp"
#include "messages/retry_after.hpp"

#include <string>
#include <string_view>

namespace render::webhook_sender {

/// `scheme://host:port`, in lower case, without a user's name and password.
std::string host_of(std::string_view url);

/// `scheme://host/…` for logs: the path of a Slack or Discord address is a
/// secret.
std::string shown_url(std::string_view url);

/// The text without the path of `url` and of any other URL in it.
std::string without_paths(std::string_view text, std::string_view url);

} // namespace render::webhook_sender
