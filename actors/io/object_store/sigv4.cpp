#include "actors/io/object_store/sigv4.hpp"

#include "messages/text/digest.hpp"
#include "messages/text/hex.hpp"
#include "messages/text/utc_time.hpp"

namespace render::s3 {

namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

std::string day(int64_t unix_s) {
  return utc_time(static_cast<double>(unix_s), "%Y%m%d");
}

std::string date_time(int64_t unix_s) {
  return utc_time(static_cast<double>(unix_s), "%Y%m%dT%H%M%SZ");
}

std::string scope(const credentials& who, int64_t unix_s) {
  return day(unix_s) + "/" + who.region + "/s3/aws4_request";
}

// Already sorted by name.
std::string presign_query(const credentials& who, int64_t unix_s,
                          int64_t expires_s) {
  return "X-Amz-Algorithm=" + std::string{algorithm} + "&X-Amz-Credential="
         + percent_encode(who.access_key + "/" + scope(who, unix_s))
         + "&X-Amz-Date=" + date_time(unix_s) + "&X-Amz-Expires="
         + std::to_string(expires_s) + "&X-Amz-SignedHeaders=host";
}

} // namespace

endpoint parse_endpoint(std::string_view text, bool secure) {
  endpoint out;
  out.scheme = secure ? "https" : "http";
  if (auto end = text.find("://"); end != std::string_view::npos) {
    out.scheme = text.substr(0, end);
    text.remove_prefix(end + 3);
  }
  text = text.substr(0, text.find('/'));
  std::string_view own_port = out.scheme == "https" ? ":443" : ":80";
  if (text.ends_with(own_port))
    text.remove_suffix(own_port.size());
  out.host = text;
  return out;
}

std::string object_path(std::string_view bucket, std::string_view key) {
  std::string out = "/" + percent_encode(bucket);
  if (!key.empty())
    out += "/" + percent_encode(key, "/");
  return out;
}

std::string sha256_hex(std::string_view data) {
  return to_hex(sha256(data));
}

std::string presign_canonical_hash(const credentials& who,
                                   const endpoint& where, std::string_view path,
                                   int64_t unix_s, int64_t expires_s) {
  return sha256_hex("GET\n" + std::string{path} + "\n"
                    + presign_query(who, unix_s, expires_s)
                    + "\nhost:" + where.host + "\n\nhost\nUNSIGNED-PAYLOAD");
}

const std::string& signer::key_of(const std::string& day) {
  if (day == day_)
    return key_;
  key_ = hmac_sha256("AWS4" + who_.secret_key, day);
  for (std::string_view part :
       {std::string_view{who_.region}, std::string_view{"s3"},
        std::string_view{"aws4_request"}})
    key_ = hmac_sha256(key_, part);
  day_ = day;
  return key_;
}

std::string signer::signature(int64_t unix_s, std::string_view canonical_hash) {
  auto text = std::string{algorithm} + "\n" + date_time(unix_s) + "\n"
              + scope(who_, unix_s) + "\n" + std::string{canonical_hash};
  return to_hex(hmac_sha256(key_of(day(unix_s)), text));
}

std::string signer::presign_get(const endpoint& where, std::string_view path,
                                int64_t unix_s, int64_t expires_s) {
  auto hash = presign_canonical_hash(who_, where, path, unix_s, expires_s);
  return where.scheme + "://" + where.host + std::string{path} + "?"
         + presign_query(who_, unix_s, expires_s)
         + "&X-Amz-Signature=" + signature(unix_s, hash);
}

std::vector<http_header>
signer::sign_request(const endpoint& where, std::string_view method,
                     std::string_view path, int64_t unix_s,
                     std::string_view payload_hash,
                     std::string_view content_type) {
  // Sorted by name, as the signature needs them.
  std::vector<http_header> headers;
  if (!content_type.empty())
    headers.push_back({"content-type", std::string{content_type}});
  headers.push_back({"host", where.host});
  headers.push_back({"x-amz-content-sha256", std::string{payload_hash}});
  headers.push_back({"x-amz-date", date_time(unix_s)});
  std::string lines;
  std::string names;
  for (auto& [name, value] : headers) {
    lines.append(name).append(":").append(value).append("\n");
    names.append(names.empty() ? "" : ";").append(name);
  }
  auto canonical = std::string{method} + "\n" + std::string{path} + "\n\n"
                   + lines + "\n" + names + "\n" + std::string{payload_hash};
  headers.push_back(
    {"Authorization",
     std::string{algorithm} + " Credential=" + who_.access_key + "/"
       + scope(who_, unix_s) + ", SignedHeaders=" + names
       + ", Signature=" + signature(unix_s, sha256_hex(canonical))});
  // The transport writes the same Host header by itself.
  std::erase_if(headers, [](auto& x) {
    return x.name == "host";
  });
  return headers;
}

} // namespace render::s3
