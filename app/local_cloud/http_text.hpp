#pragma once
// Answers over cpp-httplib in the forms of real services and of the proxies in
// front of them.
#include <httplib.h>

#include <string>
#include <string_view>

namespace render::local_cloud {

void reply_json(httplib::Response& out, std::string text, int status = 200);
/// `{"message": text}`.
void reply_message(httplib::Response& out, int status, std::string_view text);
/// A proxy's page, e.g. "502 Bad Gateway".
void reply_page(httplib::Response& out, int status);
void reply_text(httplib::Response& out, std::string text, int status = 200);
/// A file; the server handles Range and HEAD.
void reply_file(httplib::Response& out, const std::string& path);

/// Closes the client's connection without an answer.
void cut_connection(const httplib::Request& request);

/// Another descriptor of the client's connection, or -1; the caller closes it.
int duplicate_connection(const httplib::Request& request);

/// Closes all connections to a port of this process.
void cut_connections(int port);

std::string media_type(std::string_view path);
/// Without folders, and with only letters, digits, space and `._-()`.
std::string safe_file_name(std::string_view name);
/// Whether the request comes from this machine.
bool from_loopback(const httplib::Request& request);
/// Whether the request was sent to a name of this machine. A web page's own
/// host name can be made to point here (DNS rebinding).
bool has_local_host(const httplib::Request& request);

/// The answer that a browser needs before it lets a page send the key.
void reply_preflight(httplib::Response& out);

/// If `path` begins with `prefix`, removes it.
bool strip(std::string_view& path, std::string_view prefix);

} // namespace render::local_cloud
