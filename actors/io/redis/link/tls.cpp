#include "actors/io/redis/link/tls.hpp"

#include "messages/http.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <cstring>

namespace render::job_store {

namespace {

std::string reason(unsigned long code) {
  if (ERR_SYSTEM_ERROR(code))
    return std::strerror(ERR_GET_REASON(code));
  auto* text = ERR_reason_error_string(code);
  return text ? text : "error " + std::to_string(code);
}

tl::unexpected<failure> no_file(const char* setting, const std::string& path) {
  // The first one is the cause: no such file, say.
  auto why = reason(ERR_peek_error());
  ERR_clear_error();
  return fail(failure_kind::invalid_input,
              std::string{setting} + ": " + path + " cannot be used: " + why);
}

bool is_address(const std::string& x) {
  unsigned char buffer[sizeof(in6_addr)];
  return inet_pton(AF_INET, x.c_str(), buffer) == 1
         || inet_pton(AF_INET6, x.c_str(), buffer) == 1;
}

std::string text_of(const ASN1_STRING* x) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(x)),
          static_cast<size_t>(ASN1_STRING_length(x))};
}

std::string address_of(const ASN1_OCTET_STRING* x) {
  char out[INET6_ADDRSTRLEN] = "";
  auto family = ASN1_STRING_length(x) == 4 ? AF_INET : AF_INET6;
  if (family == AF_INET6 && ASN1_STRING_length(x) != 16)
    return "?";
  inet_ntop(family, ASN1_STRING_get0_data(x), out, sizeof(out));
  return out;
}

/// Whom a certificate is for, as far as a person wants to read it.
std::string names_of(X509* certificate) {
  std::string out;
  auto add = [&](const std::string& name) {
    if (!name.empty() && out.size() < 120)
      out += (out.empty() ? "" : ", ") + name;
  };
  auto* names = static_cast<GENERAL_NAMES*>(
    X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (auto i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    auto* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS)
      add(text_of(name->d.dNSName));
    else if (name->type == GEN_IPADD)
      add(address_of(name->d.iPAddress));
  }
  GENERAL_NAMES_free(names);
  if (out.empty()) {
    char common[128] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate),
                              NID_commonName, common, sizeof(common));
    add(common);
  }
  return out.empty() ? "nobody" : excerpt(out, 160);
}

std::string date_of(const ASN1_TIME* x) {
  tm when{};
  char out[32] = "?";
  if (ASN1_TIME_to_tm(x, &when) == 1)
    strftime(out, sizeof(out), "%Y-%m-%d %H:%M:%S UTC", &when);
  return out;
}

std::string describe(int error, X509* certificate, const std::string& wanted) {
  if (!certificate)
    return X509_verify_cert_error_string(error);
  switch (error) {
  case X509_V_ERR_HOSTNAME_MISMATCH:
  case X509_V_ERR_IP_ADDRESS_MISMATCH:
    return "the certificate is for " + names_of(certificate) + ", not "
           + wanted;
  case X509_V_ERR_CERT_HAS_EXPIRED:
    return "the certificate expired on "
           + date_of(X509_get0_notAfter(certificate));
  case X509_V_ERR_CERT_NOT_YET_VALID:
    return "the certificate is not valid before "
           + date_of(X509_get0_notBefore(certificate));
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
  case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
  case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
  case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    return "the certificate is of no authority that is trusted here "
           "(REDIS_CA_FILE): "
           + std::string{X509_verify_cert_error_string(error)};
  default:
    return std::string{"the certificate is refused: "}
           + X509_verify_cert_error_string(error);
  }
}

std::string describe(unsigned long code) {
  switch (ERR_GET_REASON(code)) {
  case SSL_R_WRONG_VERSION_NUMBER:
  case SSL_R_UNEXPECTED_MESSAGE:
  case SSL_R_PACKET_LENGTH_TOO_LONG:
    return "the server does not speak TLS here";
  case SSL_R_UNSUPPORTED_PROTOCOL:
  case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    return "the server does not speak TLS 1.2 or newer";
  case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    return "the server demands a client certificate (REDIS_CERT_FILE, "
           "REDIS_KEY_FILE)";
  case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
  case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
  case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
  case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    return "the server refuses our certificate (REDIS_CERT_FILE): "
           + reason(code);
  case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    return "the server refuses the handshake; it may demand a client "
           "certificate (REDIS_CERT_FILE, REDIS_KEY_FILE)";
  default:
    return reason(code);
  }
}

/// A key with a passphrase must not ask the terminal for it.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

} // namespace

result<std::shared_ptr<const tls_context>>
tls_context::load(const tls_options& options) {
  auto out = std::make_shared<tls_context>();
  out->ctx_.reset(SSL_CTX_new(TLS_client_method()));
  auto* ctx = out->get();
  if (!ctx)
    return fail(failure_kind::internal, "OpenSSL gives no context");
  SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
  ERR_clear_error();
  if (options.ca_file.empty())
    SSL_CTX_set_default_verify_paths(ctx);
  else if (SSL_CTX_load_verify_file(ctx, options.ca_file.c_str()) != 1)
    return no_file("REDIS_CA_FILE", options.ca_file);
  if (!options.cert_file.empty()) {
    if (SSL_CTX_use_certificate_chain_file(ctx, options.cert_file.c_str()) != 1)
      return no_file("REDIS_CERT_FILE", options.cert_file);
    if (SSL_CTX_use_PrivateKey_file(ctx, options.key_file.c_str(),
                                    SSL_FILETYPE_PEM)
        != 1)
      return no_file("REDIS_KEY_FILE", options.key_file);
  }
  ERR_clear_error();
  return out;
}

tls_session::tls_session(const tls_context& context, std::string server_name)
  : server_name_(std::move(server_name)), ssl_(SSL_new(context.get())),
    in_(BIO_new(BIO_s_mem())), out_(BIO_new(BIO_s_mem())) {
  SSL_set_bio(ssl_.get(), in_, out_);
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_verify(ssl_.get(), SSL_VERIFY_PEER, on_verify);
  if (is_address(server_name_)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()),
                                  server_name_.c_str());
  } else {
    SSL_set_hostflags(ssl_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(ssl_.get(), server_name_.c_str());
    SSL_set_tlsext_host_name(ssl_.get(), server_name_.c_str());
  }
  SSL_set_connect_state(ssl_.get());
}

int tls_session::on_verify(int ok, X509_STORE_CTX* store) {
  auto* ssl = static_cast<SSL*>(
    X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* self = static_cast<tls_session*>(SSL_get_app_data(ssl));
  if (!ok)
    self->refusal_ = describe(X509_STORE_CTX_get_error(store),
                              X509_STORE_CTX_get_current_cert(store),
                              self->server_name_);
  return ok;
}

tl::unexpected<failure> tls_session::failed(int ssl_error) {
  auto code = ERR_peek_last_error();
  ERR_clear_error();
  auto why = !refusal_.empty()                         ? refusal_
             : ssl_error == SSL_ERROR_ZERO_RETURN      ? "connection closed"
             : ssl_error == SSL_ERROR_SSL && code != 0 ? describe(code)
                                                       : "connection broken";
  return fail(failure_kind::unavailable, "TLS: " + why);
}

result<void> tls_session::receive(std::string_view wire, std::string& plain) {
  if (!wire.empty())
    BIO_write(in_, wire.data(), static_cast<int>(wire.size()));
  ERR_clear_error();
  if (!established_) {
    auto done = SSL_do_handshake(ssl_.get());
    if (done != 1) {
      auto error = SSL_get_error(ssl_.get(), done);
      if (error != SSL_ERROR_WANT_READ)
        return failed(error);
      return {};
    }
    established_ = true;
  }
  char buffer[16384];
  for (;;) {
    auto got = SSL_read(ssl_.get(), buffer, sizeof(buffer));
    if (got > 0) {
      plain.append(buffer, static_cast<size_t>(got));
      continue;
    }
    auto error = SSL_get_error(ssl_.get(), got);
    if (error != SSL_ERROR_WANT_READ)
      return failed(error);
    return {};
  }
}

result<void> tls_session::send(std::string_view plain) {
  ERR_clear_error();
  while (!plain.empty()) {
    auto some = plain.substr(0, size_t{1} << 30);
    auto sent = SSL_write(ssl_.get(), some.data(),
                          static_cast<int>(some.size()));
    if (sent <= 0)
      return failed(SSL_get_error(ssl_.get(), sent));
    plain.remove_prefix(static_cast<size_t>(sent));
  }
  return {};
}

std::string tls_session::take_output() {
  std::string out(BIO_ctrl_pending(out_), '\0');
  if (!out.empty())
    BIO_read(out_, out.data(), static_cast<int>(out.size()));
  return out;
}

} // namespace render::job_store
