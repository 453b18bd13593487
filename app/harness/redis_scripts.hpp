#pragma once
// Lua inside the Redis in memory: LuaJIT with `redis.call` and the reply
// conversions of Redis 7.0. Compiled scripts are kept by their SHA-1.
#include "app/harness/memory_redis.hpp"
#include "app/harness/redis_reply.hpp"

#include <array>
#include <memory>
#include <string>
#include <string_view>

struct lua_State;

namespace render::harness {

class redis_scripts {
public:
  explicit redis_scripts(memory_redis& server);
  redis_scripts(const redis_scripts&) = delete;
  redis_scripts& operator=(const redis_scripts&) = delete;
  ~redis_scripts();

  bool knows(std::string_view sha1) const {
    return scripts_.find(sha1) != scripts_.end();
  }

  /// Compiles and keeps a script. Returns its SHA-1, or a Lua error in `error`.
  std::string add(std::string_view text, std::string& error);

  /// False when the script is not known.
  bool run(std::string_view sha1, memory_redis::args keys,
           memory_redis::args argv, reply_writer& out);

  void forget();

private:
  static int call(lua_State* lua);
  static int pcall(lua_State* lua);
  static int generic_call(lua_State* lua, bool raise);
  void push_words(const char* name, memory_redis::args words);
  void open();

  memory_redis& server_;
  lua_State* lua_ = nullptr;
  /// SHA-1 → reference of the compiled function.
  std::unordered_map<std::string, int, text_hash, std::equal_to<>> scripts_;
  int error_handler_ = 0;
  bool wrote_ = false;
  /// The words of the current command. A member, so that 64 KB are not cleared
  /// for each command.
  std::array<std::string_view, 4096> words_;
  std::array<redis_text::double_buffer, 256> numbers_;
};

} // namespace render::harness
