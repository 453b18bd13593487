#pragma once
// Answers over cpp-httplib in the forms that real services and the proxies in
// front of them give.
#include <httplib.h>

#include <string>
#include <string_view>

namespace render::local_cloud {

void reply_json(httplib::Response& out, std::string text, int status = 200);
/// The page a proxy shows, e.g. "502 Bad Gateway".
void reply_page(httplib::Response& out, int status);
void reply_text(httplib::Response& out, std::string text, int status = 200);
/// A file as it is; Range and HEAD are the server's business.
void reply_file(httplib::Response& out, const std::string& path);

/// Closes the client's connection without an answer.
void cut_connection(const httplib::Request& request);

/// Another descriptor of the client's connection, or -1; the caller closes it.
int duplicate_connection(const httplib::Request& request);

/// Closes all connections to a port of ours.
void cut_connections(int port);

std::string media_type(std::string_view path);
/// Without folders, and with only letters, digits, space and `._-()`.
std::string safe_file_name(std::string_view name);
/// Whether the request comes from this machine.
bool from_loopback(const httplib::Request& request);
/// Whether it was sent to a name of this machine. A page of the web can let a
/// name of its own lead here.
bool has_local_host(const httplib::Request& request);

/// What a browser wants to hear before it lets a page send the key.
void reply_preflight(httplib::Response& out);

/// If `path` begins with `prefix`, removes it.
bool strip(std::string_view& path, std::string_view prefix);

} // namespace render::local_cloud
