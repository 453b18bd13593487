#pragma once
// TLS towards Redis: the certificates to trust and to show, and one session
// that turns bytes of the wire into bytes of Redis and back. Touches no socket,
// so whoever owns one keeps its loop.
#include "actors/io/redis/link/command.hpp"
#include "messages/failure.hpp"

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

namespace render::job_store {

class tls_context {
public:
  /// Reads the files. A failure is `invalid_input` and names the setting.
  static result<std::shared_ptr<const tls_context>>
  load(const tls_options& options);

  SSL_CTX* get() const noexcept {
    return ctx_.get();
  }

private:
  struct deleter {
    void operator()(SSL_CTX* x) const {
      SSL_CTX_free(x);
    }
  };

  std::unique_ptr<SSL_CTX, deleter> ctx_;
};

/// The client's side of one connection. Demands TLS 1.2, and a certificate that
/// is trusted, in date and made out for the server's name.
class tls_session {
public:
  /// `server_name`: a DNS name or an IP address. `context` outlives this.
  tls_session(const tls_context& context, std::string server_name);

  tls_session(const tls_session&) = delete;
  tls_session& operator=(const tls_session&) = delete;

  /// Takes what has come from the wire (nothing: begins the handshake) and
  /// appends what it holds for Redis' client. Text that came before a failure
  /// is appended too. A failure begins with "TLS: ".
  result<void> receive(std::string_view wire, std::string& plain);

  /// Only when `established`.
  result<void> send(std::string_view plain);

  /// What is to be written to the wire, also after a failure: an alert.
  std::string take_output();

  bool established() const noexcept {
    return established_;
  }

private:
  static int on_verify(int ok, X509_STORE_CTX* store);

  tl::unexpected<failure> failed(int ssl_error);

  struct deleter {
    void operator()(SSL* x) const {
      SSL_free(x);
    }
  };

  std::string server_name_;
  std::unique_ptr<SSL, deleter> ssl_;
  /// Both belong to `ssl_`.
  BIO* in_ = nullptr;
  BIO* out_ = nullptr;
  bool established_ = false;
  /// Why the certificate was refused.
  std::string refusal_;
};

} // namespace render::job_store
