#pragma once
// AWS Signature Version 4 for S3: presigned GET URLs, and signed headers for
// uploads. Pure; the time comes in. libcurl can sign headers but cannot
// presign, and both need the same chain of HMACs, so there is one signer.
#include "messages/http.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace render::s3 {

struct credentials {
  std::string access_key;
  /// Never in a log or an error.
  std::string secret_key;
  std::string region = "us-east-1";
};

/// Where the storage answers, path style.
struct endpoint {
  /// "http" or "https".
  std::string scheme = "http";
  /// With the port unless it is the scheme's default; byte for byte the Host
  /// header that the client sends.
  std::string host;
};

/// "minio:9000", "https://s3.example.com" …; `secure` decides where the text
/// has no scheme.
endpoint parse_endpoint(std::string_view text, bool secure);

/// "/bucket/key", each byte outside `A-Za-z0-9-_.~/` encoded once.
std::string object_path(std::string_view bucket, std::string_view key);

/// Lower-case hex.
std::string sha256_hex(std::string_view data);

/// Keeps the signing key of the last day: making it takes four of the five
/// digests of a signature.
class signer {
public:
  explicit signer(credentials who = {}) : who_(std::move(who)) {
    // nop
  }

  /// `path` as from `object_path`. `expires_s`: 1 to 604800 (7 days).
  std::string presign_get(const endpoint& where, std::string_view path,
                          int64_t unix_s, int64_t expires_s);

  /// The headers that authorize this request, to be added to its own.
  /// `payload_hash`: hex SHA-256 of the body, or "UNSIGNED-PAYLOAD".
  std::vector<http_header> sign_request(const endpoint& where,
                                        std::string_view method,
                                        std::string_view path, int64_t unix_s,
                                        std::string_view payload_hash,
                                        std::string_view content_type = "");

private:
  const std::string& key_of(const std::string& day);
  std::string signature(int64_t unix_s, std::string_view canonical_hash);

  credentials who_;
  std::string day_;
  std::string key_;
};

/// For tests against published vectors: the hash of the canonical request of
/// `presign_get`.
std::string presign_canonical_hash(const credentials& who,
                                   const endpoint& where, std::string_view path,
                                   int64_t unix_s, int64_t expires_s);

} // namespace render::s3
