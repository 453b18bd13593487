// What happens and what is said; membership_links.cpp has what time brings.
#include "actors/io/peers/membership.hpp"

#include "messages/text/printable.hpp"

#include <algorithm>

namespace render::peers {

namespace {

// A worker at fault is told of once; no longer list of them is kept.
constexpr size_t most_warned = 200;
constexpr size_t longest_why = 200;

} // namespace

membership::membership(config cfg, uint64_t seed)
  : cfg_(std::move(cfg)), contacts_(cfg_.retries, cfg_.where), dice_(seed) {
  own_.who = cfg_.self;
  own_.number = 1;
  own_.where = cfg_.where;
  own_.version = cfg_.version;
  order_ring();
}

// -- what happens -------------------------------------------------------------

effects membership::on_seeds(const std::vector<address>& all, double now_s) {
  contacts_.set_seeds(all);
  stale_ = true;
  return done(now_s);
}

effects membership::on_connected(const address& to, link_id id, double now_s) {
  shunned_.erase(id);
  auto& l = link_of(id, now_s);
  // Two addresses may lead to one process.
  if (l.dialled && *l.dialled != to && contacts_.is_under_way(*l.dialled))
    contacts_.failed(*l.dialled, now_s, dice_);
  l.dialled = to;
  if (l.peer)
    contacts_.succeeded(to, l.peer->name);
  else if (l.number == 0)
    greet(id, l, 0);
  return done(now_s);
}

effects membership::on_connect_failed(const address& to, const failure& why,
                                      double now_s) {
  stale_ = true;
  if (why.kind == failure_kind::rejected) {
    contacts_.refused(to, now_s);
    warn_once(to_string(to), why.message);
    return done(now_s);
  }
  auto* behind = contacts_.leads_to(to);
  for (auto& [name, x] : known_)
    if (!x.gone && (x.last.where == to || (behind && *behind == name))
        && !is_linked(name))
      doubt(name, now_s);
  contacts_.failed(to, now_s, dice_);
  return done(now_s);
}

effects membership::on_message(link_id from, const message& what,
                               double now_s) {
  if (auto at = shunned_.find(from); at != shunned_.end()) {
    if (now_s < at->second)
      return {};
    shunned_.erase(at);
  }
  auto greets = std::holds_alternative<hello>(what);
  auto at = links_.find(from);
  if (at == links_.end() && !greets) {
    // This worker has ended the link and the peer has not noticed.
    if (!std::holds_alternative<bye>(what)
        && !std::holds_alternative<refusal>(what))
      out_.push_back(send{from, bye{"there is no such link"}});
    return done(now_s);
  }
  auto& l = at != links_.end() ? at->second : link_of(from, now_s);
  // Before its hello comes only what belongs to a link of before.
  if (l.peer || greets || std::holds_alternative<refusal>(what))
    std::visit(
      [&](auto& x) {
        on(from, l, x, now_s);
      },
      what);
  return done(now_s);
}

effects membership::on_bad_frame(link_id from, const failure& why,
                                 double now_s) {
  if (auto at = shunned_.find(from); at != shunned_.end() && now_s < at->second)
    return {};
  auto& l = link_of(from, now_s);
  if (l.dialled)
    contacts_.refused(*l.dialled, now_s);
  warn_once(l.peer      ? "worker " + printable(l.peer->name, longest_why)
            : l.dialled ? to_string(*l.dialled)
                        : "a peer that has connected",
            printable(why.message, longest_why) + "; the link is cut");
  shunned_[from] = now_s + cfg_.retries.most_s;
  end(from, refusal{why.message}, now_s);
  return done(now_s);
}

effects membership::on_link_down(link_id which, double now_s) {
  shunned_.erase(which);
  std::optional<node_id> peer;
  if (auto at = links_.find(which); at != links_.end())
    peer = at->second.peer;
  drop(which, now_s);
  if (peer && known_.contains(peer->name) && !is_linked(peer->name))
    doubt(peer->name, now_s);
  return done(now_s);
}

effects membership::on_timer(uint64_t generation, double now_s) {
  if (generation != generation_)
    return {};
  notice_sleep(now_s);
  armed_s_.reset();
  return done(now_s);
}

effects membership::tell(std::string facts, double now_s) {
  if (own_.facts != facts && !leaving_s_) {
    own_.facts = std::move(facts);
    say_own_word(now_s);
  }
  return done(now_s);
}

effects membership::give(const worker_id& to, double now_s) {
  for (auto& [id, l] : links_)
    if (l.peer && l.peer->name == to) {
      out_.push_back(send{id, given{own_.who.name, to}});
      break;
    }
  return done(now_s);
}

effects membership::leave(double now_s) {
  if (leaving_s_)
    return {};
  leaving_s_ = now_s;
  own_.state = standing::left;
  say_own_word(now_s);
  flush_s_ = now_s;
  flush(now_s);
  // The answers tell that the word has arrived.
  for (auto& [id, l] : links_)
    if (l.peer)
      l.pinged_s = now_s - 2 * cfg_.ping_s;
  return done(now_s);
}

// -- frames -------------------------------------------------------------------

std::string membership::flaw_of(const hello& x) const {
  if (x.cluster != cfg_.cluster)
    return "one is of cluster \"" + printable(x.cluster, longest_why)
           + "\", the other of \"" + printable(cfg_.cluster, longest_why)
           + "\"";
  if (x.who.name == cfg_.self.name)
    return "both have the WORKER_ID " + printable(x.who.name, longest_why);
  return {};
}

void membership::warn_once(const std::string& whom, const std::string& what) {
  if (warned_.size() >= most_warned)
    warned_.clear();
  if (auto& said = warned_[whom]; said != what) {
    said = what;
    out_.push_back(say{severity::warning, "peers: " + whom + ": " + what});
  }
}

void membership::on(link_id id, link& l, const hello& x, double now_s) {
  if (l.peer && x.number == l.peer_number)
    return;
  if (x.who == cfg_.self) {
    if (l.dialled)
      contacts_.is_own(*l.dialled);
    links_.erase(id);
    return;
  }
  if (leaving_s_)
    return end(id, bye{"this worker leaves"}, now_s);
  if (auto flaw = flaw_of(x); !flaw.empty()) {
    if (l.dialled)
      contacts_.refused(*l.dialled, now_s);
    warn_once("no link with worker " + printable(x.who.name, longest_why)
                + " at " + printable(to_string(x.where), longest_why),
              flaw);
    return end(id, refusal{flaw}, now_s);
  }
  auto rejoins = [&](auto& other) {
    return other.first != id && other.second.peer == x.who;
  };
  for (auto other = links_.begin(); other != links_.end();)
    other = rejoins(*other) ? links_.erase(other) : std::next(other);
  l.peer = x.who;
  l.peer_number = x.number;
  l.proven_s = l.pinged_s = now_s;
  l.told.clear();
  l.knows_all = false;
  l.surplus_s.reset();
  if (l.number == 0 || x.answers != l.number)
    greet(id, l, x.number);
  contacts_.add(x.where);
  if (l.dialled)
    contacts_.succeeded(*l.dialled, x.who.name);
  flush_s_ = now_s;
  note_change(now_s);
}

void membership::on(link_id id, link& l, const refusal& x, double now_s) {
  if (l.dialled) {
    contacts_.refused(*l.dialled, now_s);
    warn_once(to_string(*l.dialled),
              "refuses the link: " + printable(x.why, longest_why));
  }
  drop(id, now_s);
}

void membership::on(link_id id, link&, const bye&, double now_s) {
  drop(id, now_s);
}

void membership::on(link_id id, link&, const ping& x, double) {
  out_.push_back(send{id, pong{x.number}});
}

// The number is the time at which the ping was sent, milliseconds: an answer
// that is slow still proves something.
void membership::on(link_id, link& l, const pong& x, double now_s) {
  auto sent_s = static_cast<double>(x.number) / 1'000;
  l.proven_s = std::max(l.proven_s, std::min(sent_s, now_s));
  stale_ = stale_ || leaving_s_;
}

void membership::on(link_id, link& l, const news& x, double now_s) {
  for (auto& one : x.words) {
    auto& name = one.who.name;
    if (name == cfg_.self.name)
      hear_of_self(one, now_s);
    else
      hear(one, now_s);
    if (known_.contains(name) || name == cfg_.self.name)
      l.told[name] = std::max(l.told[name], rank_of(one));
  }
}

void membership::on(link_id, link&, const given& x, double) {
  if (x.to == cfg_.self.name)
    out_.push_back(take_gift{x.from});
}

void membership::on(link_id, link&, const unknown&, double) {
  // nop
}

// -- words --------------------------------------------------------------------

void membership::hear(const word& x, double now_s) {
  auto at = known_.find(x.who.name);
  auto is_new = at == known_.end();
  // Others remember it for longer: it must not go round for ever.
  if (is_new && x.age_s >= cfg_.remembered_s)
    return;
  if (is_new && known_.size() >= cfg_.most_workers)
    return warn_once("too many workers", "further ones are not taken note of");
  auto& k = known_[x.who.name];
  if (!is_new && rank_of(x) <= rank_of(k.last))
    return;
  auto was_gone = is_new || k.gone;
  k.last = x;
  k.told_s = now_s - x.age_s;
  // A doubtful word alone brings nobody to life: whoever is alive says another.
  k.gone = x.state == standing::left || x.age_s >= cfg_.unheard_s
           || (x.state == standing::suspect && was_gone);
  if (x.state == standing::suspect)
    k.doubted_s = k.doubted_s.value_or(now_s);
  else
    k.doubted_s.reset();
  if (x.state == standing::left)
    contacts_.forget(x.where);
  else if (!k.gone)
    contacts_.add(x.where);
  auto who = "peers: worker " + printable(x.who.name, longest_why);
  if (was_gone && !k.gone) {
    k.unlinked_s = now_s;
    out_.push_back(say{severity::info, who + " has joined, at "
                                         + printable(to_string(x.where))});
  } else if (!was_gone && k.gone) {
    out_.push_back(say{severity::info, who + " has left"});
  }
  if (was_gone != k.gone)
    order_ring();
  pass_on(x.who.name, now_s);
  note_change(now_s);
}

void membership::hear_of_self(const word& x, double now_s) {
  if (rank_of(x) <= rank_of(own_))
    return;
  if (x.who == own_.who || x.where == own_.where) {
    // Somebody doubts this worker, or the clock was ahead in its last life.
    own_.who.incarnation = cfg_.self.incarnation = x.who.incarnation;
    own_.number = x.number;
    say_own_word(now_s);
  } else {
    warn_once("the WORKER_ID " + printable(own_.who.name, longest_why),
              "another worker has it as well, at "
                + printable(to_string(x.where), longest_why));
  }
}

void membership::doubt(const worker_id& name, double now_s) {
  auto& k = known_.at(name);
  if (k.gone || k.last.state != standing::alive)
    return;
  k.last.state = standing::suspect;
  k.doubted_s = now_s;
  note_change(now_s);
  pass_on(name, now_s);
}

void membership::say_own_word(double now_s) {
  ++own_.number;
  own_said_s_ = now_s;
  stale_ = true;
  flush_s_ = flush_s_.value_or(now_s + cfg_.gather_s);
}

void membership::pass_on(const worker_id& about, double now_s) {
  fresh_.insert(about);
  stale_ = true;
  flush_s_ = flush_s_.value_or(now_s + cfg_.gather_s);
}

void membership::note_change(double now_s) {
  stale_ = true;
  change_s_ = change_s_.value_or(now_s + cfg_.gather_s);
}

// -- what is known ------------------------------------------------------------

std::vector<member> membership::fleet() const {
  std::vector<member> out;
  for (auto& [name, k] : known_)
    if (!k.gone)
      out.push_back(
        {k.last, k.told_s, k.doubted_s.has_value(), is_linked(name)});
  return out;
}

std::vector<membership::link_report> membership::links() const {
  std::vector<link_report> out;
  for (auto& [id, l] : links_)
    if (l.peer)
      out.push_back({*l.peer, l.dialled.has_value(), l.since_s});
  return out;
}

} // namespace render::peers
