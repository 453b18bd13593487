#include "actors/io/object_store/s3_store.hpp"

#include "messages/failure_caf.hpp"

namespace render {

namespace {

using namespace std::chrono_literals;
using self_ptr = s3_shell_actor::stateful_pointer<s3_store_state>;

constexpr auto stall_limit = 60s;
constexpr auto upload_limit = 30min;
constexpr auto call_limit = 15s;
constexpr auto connect_limit = 5s;
// Longer than a result is copied from one disk to another.
constexpr auto keep_limit = 60s;
constexpr std::string_view probe_key = "output/.c3-worker-probe";
// A signed body would be read twice. Over https the channel protects the body;
// over plain http, MinIO and similar servers accept it unsigned as well.
constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";

struct shell {
  self_ptr self;

  s3_store_state& st() const {
    return self->state;
  }

  http_request signed_request(std::string_view method, const std::string& path,
                              std::string_view payload_hash,
                              const std::string& content_type = {}) const {
    http_request out;
    out.method = method;
    out.url = st().where.scheme + "://" + st().where.host + path;
    out.headers = st().who.sign_request(st().where, method, path,
                                        static_cast<int64_t>(st().deps.now()),
                                        payload_hash, content_type);
    out.total_timeout = call_limit;
    out.connect_timeout = connect_limit;
    out.group = "storage";
    return out;
  }

  template <class Then>
  void send(const http_request& x, Then then) const {
    self->request(st().deps.http, x.total_timeout + 5s, x)
      .then(
        [then](http_response& got) mutable {
          then(std::move(got));
        },
        [then](caf::error& err) mutable {
          then(fail(to_failure(err)));
        });
  }

  // -- uploads ----------------------------------------------------------------

  caf::result<msg::stored_file> store(const msg::store_file& x) const {
    auto key = s3::object_key(x.name);
    if (!key)
      return to_error(key.error());
    if (!s3::is_uploaded(x)) {
      auto out = self->make_response_promise<msg::stored_file>();
      keep(x, {}, out);
      return out;
    }
    auto id = ++st().last_id;
    auto& up = st().uploads[id];
    up.asked = x;
    up.key = std::move(*key);
    up.answer = self->make_response_promise<msg::stored_file>();
    auto out = up.answer;
    put(id);
    return out;
  }

  void put(uint64_t id) const {
    auto& up = st().uploads.at(id);
    ++up.attempt;
    auto x = signed_request("PUT", s3::object_path(st().cfg.bucket, up.key),
                            unsigned_payload, up.asked.content_type);
    x.body_file = up.asked.path;
    x.total_timeout = upload_limit;
    x.stall_timeout = stall_limit;
    x.group = up.asked.group;
    send(x, [sh = *this, id](result<http_response> got) {
      sh.put_answered(id, got);
    });
  }

  void put_answered(uint64_t id, const result<http_response>& got) const {
    auto& up = st().uploads.at(id);
    auto seen = s3::judge("upload " + up.key, got);
    switch (seen.move) {
    case s3::next_move::done:
      return finish(id);
    case s3::next_move::create_bucket:
      if (!up.bucket_made)
        return create_bucket(id);
      return give_up(id, seen.why);
    case s3::next_move::retry:
      if (up.attempt <= st().cfg.retry_delays.size())
        return retry(id, seen.why);
      return give_up(id, seen.why);
    case s3::next_move::give_up:
      return give_up(id, seen.why);
    }
  }

  // The folder is an extra: neither the job's record nor the result's URL needs
  // it. But the answer waits for it, since the file goes with the answer.
  void keep(const msg::store_file& x, std::string url,
            caf::typed_response_promise<msg::stored_file> answer) const {
    if (!st().deps.kept) {
      answer.deliver(msg::stored_file{std::move(url)});
      return;
    }
    self->request(st().deps.kept, keep_limit, x)
      .then(
        [answer, url](const msg::stored_file& got) mutable {
          answer.deliver(msg::stored_file{url, got.bytes});
        },
        [sh = *this, answer, url](const caf::error& err) mutable {
          sh.st().deps.log->warn("storage: {}", to_failure(err).message);
          answer.deliver(msg::stored_file{url});
        });
  }

  void finish(uint64_t id) const {
    auto up = std::move(st().uploads.extract(id).mapped());
    auto url = st().who.presign_get(
      st().seen_at, s3::object_path(st().cfg.bucket, up.key),
      static_cast<int64_t>(st().deps.now()), st().cfg.url_lifetime_s);
    keep(up.asked, std::move(url), std::move(up.answer));
  }

  void give_up(uint64_t id, const failure& why) const {
    auto up = std::move(st().uploads.extract(id).mapped());
    up.answer.deliver(to_error(why));
  }

  void retry(uint64_t id, const failure& why) const {
    auto attempt = st().uploads.at(id).attempt;
    auto delay = st().cfg.retry_delays[attempt - 1];
    st().deps.log->warn("{}, attempt {} of {}, next in {} ms", why.message,
                        attempt, st().cfg.retry_delays.size() + 1,
                        delay.count());
    self->delayed_send(self, delay, msg::timer_due{0, id});
  }

  void on_timer(const msg::timer_due& x) const {
    if (st().uploads.contains(x.generation))
      put(x.generation);
  }

  void create_bucket(uint64_t id) const {
    st().deps.log->info("storage: bucket {} is missing, creating it",
                        st().cfg.bucket);
    st().uploads.at(id).bucket_made = true;
    auto x = signed_request("PUT", s3::object_path(st().cfg.bucket, ""),
                            s3::sha256_hex(""));
    // The answer does not matter: the next upload shows whether the bucket
    // exists.
    send(x, [sh = *this, id](const result<http_response>&) {
      if (sh.st().uploads.contains(id))
        sh.put(id);
    });
  }

  // -- the check --------------------------------------------------------------

  caf::result<caf::ok_atom> check(const msg::check_storage&) const {
    auto out = self->make_response_promise<caf::ok_atom>();
    auto x = signed_request("GET", s3::object_path(st().cfg.bucket, ""),
                            s3::sha256_hex(""));
    send(x, [sh = *this, out](const result<http_response>& got) mutable {
      auto seen = s3::judge("bucket " + sh.st().cfg.bucket, got);
      // The first upload makes a missing bucket.
      if (seen.move == s3::next_move::done
          || seen.move == s3::next_move::create_bucket)
        out.deliver(caf::ok_atom_v);
      else if (got && got->status == 403)
        // An upload needs write permission only, so that is checked next.
        sh.check_write(out);
      else
        out.deliver(to_error(seen.why));
    });
    return out;
  }

  void check_write(caf::typed_response_promise<caf::ok_atom> out) const {
    auto x = signed_request("PUT", s3::object_path(st().cfg.bucket, probe_key),
                            s3::sha256_hex(""));
    send(x, [out](const result<http_response>& got) mutable {
      auto seen = s3::judge("upload " + std::string{probe_key}, got);
      if (seen.move == s3::next_move::done)
        out.deliver(caf::ok_atom_v);
      else
        out.deliver(to_error(seen.why));
    });
  }
};

} // namespace

s3_shell_actor::behavior_type s3_store_behavior(self_ptr self, s3::config cfg,
                                                object_store_deps deps) {
  auto& st = self->state;
  st.who = s3::signer{{cfg.access_key, cfg.secret_key, cfg.region}};
  st.where = s3::parse_endpoint(cfg.endpoint, cfg.secure);
  st.seen_at = cfg.public_url.empty()
                 ? st.where
                 : s3::parse_endpoint(cfg.public_url, cfg.secure);
  st.cfg = std::move(cfg);
  st.deps = std::move(deps);
  shell sh{self};
  return {
    [sh](const msg::store_file& x) {
      return sh.store(x);
    },
    [sh](const msg::check_storage& x) {
      return sh.check(x);
    },
    [sh](const msg::timer_due& x) {
      sh.on_timer(x);
    },
  };
}

} // namespace render
