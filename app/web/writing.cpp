#include "app/web/writing.hpp"

#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace render::web {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::awaitable;
using asio::use_awaitable;

constexpr size_t written_at_once = 64u << 10;

/// Closes the file at the end of its scope.
class open_file {
public:
  explicit open_file(const std::string& path)
    : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) {
    // nop
  }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  ~open_file() {
    if (file_ >= 0)
      ::close(file_);
  }

  bool good() const noexcept {
    return file_ >= 0;
  }

  /// 0: the end, or an error.
  size_t read(char* to, size_t most, uint64_t offset) const {
    auto got = ::pread(file_, to, most, static_cast<off_t>(offset));
    return got > 0 ? static_cast<size_t>(got) : 0;
  }

private:
  int file_;
};

awaitable<bool> write_text(beast::tcp_stream& to, response x,
                           way_of_writing how, std::chrono::seconds limit) {
  http::response<http::string_body> out;
  set_common_headers(out, x);
  auto size = x.body.size();
  if (!how.only_head)
    out.body() = std::move(x.body);
  out.keep_alive(how.keep);
  if (x.status != 204 && x.status != 304)
    out.content_length(size);
  else
    out.erase(http::field::content_type);
  to.expires_after(limit);
  co_await http::async_write(to, out, use_awaitable);
  co_return how.keep;
}

awaitable<bool> write_file(beast::tcp_stream& to, response x,
                           way_of_writing how, std::chrono::seconds limit) {
  open_file file{x.file->path};
  if (!file.good()) {
    auto gone = problem(404, "the file is not there any more");
    co_return co_await write_text(to, std::move(gone), how, limit);
  }
  http::response<http::empty_body> head;
  set_common_headers(head, x);
  head.keep_alive(how.keep);
  head.content_length(x.file->bytes);
  to.expires_after(limit);
  http::response_serializer<http::empty_body> writer{head};
  co_await http::async_write_header(to, writer, use_awaitable);
  std::string piece(written_at_once, '\0');
  auto at = x.file->offset;
  auto end = at + (how.only_head ? 0 : x.file->bytes);
  while (at < end) {
    auto most = std::min<uint64_t>(piece.size(), end - at);
    auto got = file.read(piece.data(), most, at);
    // The length was promised: only an end of the connection tells.
    if (got == 0)
      co_return false;
    to.expires_after(limit);
    co_await asio::async_write(to, asio::buffer(piece.data(), got),
                               use_awaitable);
    at += got;
  }
  co_return how.keep;
}

} // namespace

awaitable<bool> write_answer(beast::tcp_stream& to, response x,
                             way_of_writing how, std::chrono::seconds limit) {
  return x.file ? write_file(to, std::move(x), how, limit)
                : write_text(to, std::move(x), how, limit);
}

} // namespace render::web
