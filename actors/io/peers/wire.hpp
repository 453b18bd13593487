#pragma once
// What workers of a fleet say to each other, and its text on the wire: JSON of
// which each side reads what it knows. Pure.
#include "actors/io/peers/address.hpp"
#include "messages/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

namespace render::peers {

/// A worker with another one is refused. Raised when an older worker would
/// misread a newer one; never for a new field.
inline constexpr uint32_t protocol = 1;

/// A longer frame ends its link, bytes.
inline constexpr size_t longest_frame = 1u << 20;
/// Of one worker, bytes.
inline constexpr size_t longest_facts = 8u << 10;
inline constexpr size_t most_words = 500;
/// An older word counts as this old.
inline constexpr double oldest_word_s = 3'600;

enum class standing : uint8_t { alive, suspect, left };

/// What is told of one worker, by itself first and then from worker to worker.
struct word {
  node_id who;
  /// Grows with each word that the worker says of itself.
  uint64_t number = 0;
  standing state = standing::alive;
  /// Since the worker itself has said it. Whoever passes it on adds the time
  /// that it lay there.
  double age_s = 0;
  /// Others reach it here.
  address where;
  /// Of the program.
  std::string version;
  /// A JSON object. It is passed on as it came, so that what this worker does
  /// not know of still reaches a newer one.
  std::string facts = "{}";

  friend bool operator==(const word&, const word&) = default;
};

/// Of two words on one name the later one has the higher rank. At the same
/// number a doubt outdoes what it doubts; a later life outdoes all.
using word_rank = std::tuple<uint64_t, uint64_t, standing>;

inline word_rank rank_of(const word& x) {
  return {x.who.incarnation, x.number, x.state};
}

/// Begins a link; both sides say it first.
struct hello {
  std::string cluster;
  node_id who;
  address where;
  std::string version;
  /// Of this link, for this side: unique in its process. Another number on the
  /// same link means that this side has forgotten the link and begins it anew.
  uint64_t number = 0;
  /// The number of the hello that this one answers; 0: none.
  uint64_t answers = 0;
};
/// Why there will be no link, however often it is tried.
struct refusal {
  std::string why;
};
/// Ends a link without blame.
struct bye {
  std::string why;
};
/// The pong brings the number back.
struct ping {
  uint64_t number = 0;
};
struct pong {
  uint64_t number = 0;
};
struct news {
  std::vector<word> words;
};
/// See msg::gpus_given.
struct given {
  worker_id from;
  worker_id to;
};
/// Of a newer worker; it means nothing to this one.
struct unknown {};

using message
  = std::variant<hello, refusal, bye, ping, pong, news, given, unknown>;

std::string encode(const message& x);

/// Fails as `invalid_input`: the peer is at fault.
result<message> decode(std::string_view text);
/// The same of a frame; fails as `rejected` when its sender speaks another
/// version of the protocol.
result<message> decode(uint32_t version, std::string_view text);

} // namespace render::peers
