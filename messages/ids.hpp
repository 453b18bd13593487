#pragma once
// Ids, each a text with a type of its own, so that they do not mix. An id reads
// as its text, and is stored and sent as that; to make one of a text, write out
// its type.
#include "messages/failure.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace render {

template <class Tag>
class named : public std::string {
public:
  named() = default;

  explicit named(std::string text) : std::string(std::move(text)) {
    // nop
  }

  /// A literal is whatever it stands for.
  template <size_t N>
  named(const char (&literal)[N]) : std::string(literal) {
    // nop
  }

  template <class Other>
  named(const named<Other>&) = delete;

  const std::string& text() const noexcept {
    return *this;
  }

  friend bool operator==(const named& x, const named& y) {
    return x.text() == y.text();
  }

  friend bool operator==(const named& x, const char* literal) {
    return x.text() == literal;
  }

  friend auto operator<=>(const named& x, const named& y) {
    return x.text() <=> y.text();
  }

  // What std::string brings along would compare ids of any two types.
  friend bool operator==(const named&, const std::string&) = delete;
  friend auto operator<=>(const named&, const std::string&) = delete;
};

template <class Inspector, class Tag>
typename Inspector::result_type inspect(Inspector& f, named<Tag>& x) {
  return f(static_cast<std::string&>(x));
}

/// As the producer wrote it, which may be anything.
struct job_id : named<job_id> {
  using named::named;

  /// An id that may become part of a file name, a folder, an object's name or a
  /// request group: 1 to 64 letters, digits and `. _ -` (ASCII), not beginning
  /// with `.` or `-`. Fails as `invalid_input`; the error shows the id escaped.
  static result<job_id> from(std::string_view text);

  /// The norm: 8-4-4-4-12 hexadecimal digits, of either case.
  bool is_uuid() const noexcept;
};

/// WORKER_ID: one worker after the other may have it, but no two at a time.
using worker_id = named<struct worker_id_tag>;

/// "media:fast", "ollama_webui:fast" …
using workload_type = named<struct workload_type_tag>;

/// The provider's id of a GPU, the argument of a stop.
using workload_id = named<struct workload_id_tag>;

/// The host name of a GPU, as the provider gave it.
using gpu_host = named<struct gpu_host_tag>;

/// Of an entry in the launch ledger.
using ledger_id = named<struct ledger_id_tag>;

/// One process of a worker. Its mark in Redis and its records in the journal
/// bear this.
struct node_id {
  worker_id name;
  /// Unix milliseconds of its start; 0: not known.
  uint64_t incarnation = 0;

  friend auto operator<=>(const node_id&, const node_id&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_id& x) {
  return f(x.name, x.incarnation);
}

/// "{name}:{incarnation}"; the name alone when nothing else is known.
std::string to_string(const node_id& x);

/// Any text is one: `to_string` gives it back as it was.
node_id node_id_from(std::string_view text);

} // namespace render

template <class Tag>
struct std::hash<render::named<Tag>> : std::hash<std::string> {};
