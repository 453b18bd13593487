#include "app/web/uploads.hpp"

#include "messages/text/hex.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace render::web {

class upload_receiver::digest {
public:
  digest() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
  }

  void add(std::string_view x) {
    EVP_DigestUpdate(context_.get(), x.data(), x.size());
  }

  std::string finish() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned size = 0;
    EVP_DigestFinal_ex(context_.get(), out.data(), &size);
    return to_hex({reinterpret_cast<const char*>(out.data()), size});
  }

private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

upload_receiver::upload_receiver(const std::string& boundary,
                                 std::filesystem::path folder, uint64_t most)
  : folder_(std::move(folder)), left_(most),
    reader_(boundary, {[this](const multipart_reader::part& x) {
                         return begin(x);
                       },
                       [this](std::string_view x) {
                         return bytes(x);
                       },
                       [this] {
                         return end();
                       }}) {
  // nop
}

upload_receiver::~upload_receiver() {
  if (file_ >= 0)
    ::close(file_);
  std::error_code ignored;
  for (auto& x : parts_)
    if (!x.path.empty())
      std::filesystem::remove(x.path, ignored);
}

result<void> upload_receiver::take(std::string_view bytes) {
  if (bytes.size() > left_) {
    too_large_ = true;
    return fail(failure_kind::invalid_input, "the upload is too large");
  }
  left_ -= bytes.size();
  return reader_.take(bytes);
}

result<std::vector<upload>> upload_receiver::finish() {
  if (!reader_.complete())
    return fail(failure_kind::invalid_input,
                "multipart/form-data: it ends before its last boundary");
  return parts_;
}

result<void> upload_receiver::begin(const multipart_reader::part& x) {
  upload part;
  part.field = x.name;
  part.file_name = x.file_name;
  part.content_type = x.content_type;
  if (x.is_file) {
    std::error_code err;
    auto space = std::filesystem::space(folder_, err);
    if (!err && space.available < spare)
      return fail(failure_kind::unfit, "the disk for uploads is full");
    // mkostemp replaces the last six characters.
    auto pattern = (folder_ / ".upload-").string() + std::string(6, 'X');
    file_ = ::mkostemp(pattern.data(), O_CLOEXEC);
    if (file_ < 0)
      return disk_failure();
    part.path = pattern;
    digest_ = std::make_unique<digest>();
  }
  parts_.push_back(std::move(part));
  return {};
}

result<void> upload_receiver::bytes(std::string_view x) {
  auto& part = parts_.back();
  part.bytes += x.size();
  if (file_ < 0) {
    if (part.bytes > field_max) {
      too_large_ = true;
      return fail(failure_kind::invalid_input,
                  "a field of the form is longer than 64 KiB");
    }
    part.text += x;
    return {};
  }
  digest_->add(x);
  while (!x.empty()) {
    auto wrote = ::write(file_, x.data(), x.size());
    if (wrote < 0 && errno == EINTR)
      continue;
    if (wrote < 0)
      return disk_failure();
    x.remove_prefix(static_cast<size_t>(wrote));
  }
  return {};
}

result<void> upload_receiver::end() {
  if (file_ < 0)
    return {};
  auto closed = ::close(std::exchange(file_, -1));
  parts_.back().sha256 = digest_->finish();
  return closed == 0 ? result<void>{} : disk_failure();
}

result<void> upload_receiver::disk_failure() const {
  return fail(failure_kind::unfit,
              std::string{"an upload cannot be kept: "} + std::strerror(errno));
}

} // namespace render::web
