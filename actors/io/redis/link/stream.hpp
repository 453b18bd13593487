#pragma once
// A byte stream to a Redis on a libuv loop: TCP or a Unix socket, TLS over it
// if wanted. Looks the name up, tries its addresses in turn, shakes hands;
// nothing of it blocks the loop. No child process inherits its socket.
#include "actors/io/redis/link/command.hpp"
#include "actors/io/redis/link/tls.hpp"

#include <uv.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace render::job_store {

class redis_stream {
public:
  /// Who hears of it, on the loop's thread. Each call may destroy the stream;
  /// none comes after that.
  class listener {
  public:
    virtual void opened() = 0;
    virtual void arrived(std::string_view bytes) = 0;
    /// The last call.
    virtual void lost(std::string why) = 0;

  protected:
    ~listener() = default;
  };

  /// `tls`: none for plain text, and not used on a Unix socket. `server_name`:
  /// what the certificate must be for; empty: the host.
  redis_stream(uv_loop_t* loop, endpoint where,
               std::shared_ptr<const tls_context> tls, std::string server_name,
               listener& out);

  redis_stream(const redis_stream&) = delete;
  redis_stream& operator=(const redis_stream&) = delete;

  /// Closes at once; the loop frees the handles later.
  ~redis_stream();

  /// Begins to connect. May call `lost` before it returns.
  void start();

  /// Collects until `flush`. Only when opened. `flush` may call `lost`.
  void write(std::string_view bytes);
  void flush();

  /// What is waited for: "the name look-up", "the TLS handshake".
  const char* stage() const noexcept {
    return stage_;
  }

  bool in_tls_handshake() const noexcept {
    return tls_ && !opened_;
  }

  bool is_open() const noexcept {
    return opened_;
  }

private:
  struct socket;
  struct lookup;

  static void on_found(uv_getaddrinfo_t* request, int status,
                       addrinfo* addresses);
  static void on_connect(uv_connect_t* request, int status);
  static void on_allocate(uv_handle_t* handle, size_t ignored,
                          uv_buf_t* buffer);
  static void on_read(uv_stream_t* stream, ssize_t size,
                      const uv_buf_t* buffer);

  void look_up();
  void connect_next(const std::string& why);
  void connect_unix();
  void connected();
  void begin_tls();
  void received(std::string_view wire);
  void put(std::string wire);
  void drop_socket();
  void lose(std::string why);

  uv_loop_t* loop_;
  endpoint where_;
  std::shared_ptr<const tls_context> context_;
  std::string server_name_;
  listener& out_;
  std::optional<tls_session> tls_;
  /// Both outlive the stream until the loop lets go of them.
  lookup* lookup_ = nullptr;
  socket* socket_ = nullptr;
  std::vector<sockaddr_storage> addresses_;
  size_t next_address_ = 0;
  std::string outgoing_;
  bool opened_ = false;
  const char* stage_ = "the connect";
};

} // namespace render::job_store
