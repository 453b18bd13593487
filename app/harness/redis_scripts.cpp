#include "app/harness/redis_scripts.hpp"

#include "app/harness/redis_reply.hpp"
#include "messages/text/digest.hpp"
#include "messages/text/hex.hpp"

#include <lua.hpp>

#include <array>
#include <stdexcept>

namespace render::harness {

using namespace redis_text;

namespace {

// Makes errors in Redis' form: a table with the place of the error. A tail call
// (`return redis.call(...)`) leaves no trace on LuaJIT, so such an error has no
// line.
constexpr const char* prelude = R"lua(
local info = debug.getinfo
local handler = function(err)
  local i
  for level = 2, 5 do
    i = info(level, 'Sl')
    if not i or i.source == '@user_script' then break end
  end
  if type(err) ~= 'table' then err = {err = 'ERR ' .. tostring(err)} end
  if i then
    err.source = i.source
    err.line = i.currentline
  end
  return err
end
local sub, find = string.sub, string.find
function redis.error_reply(text)
  if sub(text, 1, 1) == '-' then text = sub(text, 2) end
  if not find(text, ' ', 1, true) then text = 'ERR ' .. text end
  return {err = text}
end
function redis.status_reply(text) return {ok = text} end
function redis.log() end
redis.LOG_DEBUG, redis.LOG_VERBOSE = 0, 1
redis.LOG_NOTICE, redis.LOG_WARNING = 2, 3
for _, name in ipairs{'dofile', 'loadfile', 'load', 'print', 'io', 'os',
                      'require', 'module', 'package', 'debug', 'jit', 'ffi',
                      'collectgarbage'} do
  _G[name] = nil
end
local fail = error
setmetatable(_G, {
  __index = function(_, name)
    fail("Script attempted to access nonexistent global variable '"
         .. tostring(name) .. "'", 2)
  end,
  __newindex = function()
    fail('Attempt to modify a readonly table', 2)
  end,
})
return handler
)lua";

/// The heap may grow to this percentage of the live data (a few hundred KiB)
/// before garbage is collected.
constexpr int gc_pause = 400;

/// Pushes one reply as the Lua value that Redis gives to scripts.
class lua_writer : public reply_writer {
public:
  explicit lua_writer(lua_State* lua) : lua_(lua) {
    // nop
  }

  void nil() override {
    lua_pushboolean(lua_, 0);
    placed();
  }

  void integer(int64_t x) override {
    lua_pushnumber(lua_, static_cast<lua_Number>(x));
    placed();
  }

  void text(std::string_view x) override {
    lua_pushlstring(lua_, x.data(), x.size());
    placed();
  }

  void status(std::string_view x) override {
    table("ok", x);
  }

  void error(std::string_view x) override {
    is_error_ = depth_ == 0;
    table("err", x);
  }

  void array(size_t size) override {
    lua_createtable(lua_, static_cast<int>(size), 0);
    if (size == 0)
      return placed();
    if (depth_ == frames_.size())
      throw std::logic_error("a reply nested too deep");
    frames_[depth_++] = {size, 0};
  }

  bool is_error() const noexcept {
    return is_error_;
  }

private:
  struct frame {
    size_t size = 0;
    int filled = 0;
  };

  void table(const char* name, std::string_view x) {
    lua_createtable(lua_, 0, 1);
    lua_pushlstring(lua_, x.data(), x.size());
    lua_setfield(lua_, -2, name);
    placed();
  }

  void placed() {
    while (depth_ > 0) {
      auto& top = frames_[depth_ - 1];
      lua_rawseti(lua_, -2, ++top.filled);
      if (static_cast<size_t>(top.filled) < top.size)
        return;
      --depth_;
    }
  }

  lua_State* lua_;
  std::array<frame, 8> frames_{};
  size_t depth_ = 0;
  bool is_error_ = false;
};

std::string_view text_at(lua_State* lua, int index) {
  size_t size = 0;
  auto* text = lua_tolstring(lua, index, &size);
  return text ? std::string_view{text, size} : std::string_view{};
}

bool has_text_field(lua_State* lua, const char* name) {
  lua_pushstring(lua, name);
  lua_rawget(lua, -2);
  if (lua_type(lua, -1) == LUA_TSTRING)
    return true;
  lua_pop(lua, 1);
  return false;
}

// Writes the value on top of the stack and pops it.
void write_value(lua_State* lua, reply_writer& out) {
  switch (lua_type(lua, -1)) {
  case LUA_TSTRING:
    out.text(text_at(lua, -1));
    break;
  case LUA_TNUMBER:
    out.integer(static_cast<int64_t>(lua_tonumber(lua, -1)));
    break;
  case LUA_TBOOLEAN:
    if (lua_toboolean(lua, -1))
      out.integer(1);
    else
      out.nil();
    break;
  case LUA_TTABLE: {
    if (has_text_field(lua, "err")) {
      out.error(text_at(lua, -1));
      lua_pop(lua, 1);
      break;
    }
    if (has_text_field(lua, "ok")) {
      out.status(text_at(lua, -1));
      lua_pop(lua, 1);
      break;
    }
    // The array ends at the first nil, and its size must be known first.
    auto most = static_cast<int>(lua_objlen(lua, -1));
    auto count = 0;
    for (; count < most; ++count) {
      lua_rawgeti(lua, -1, count + 1);
      auto end = lua_isnil(lua, -1);
      lua_pop(lua, 1);
      if (end)
        break;
    }
    out.array(static_cast<size_t>(count));
    luaL_checkstack(lua, 4, "reply");
    for (auto i = 1; i <= count; ++i) {
      lua_rawgeti(lua, -1, i);
      write_value(lua, out);
    }
    break;
  }
  default:
    out.nil();
  }
  lua_pop(lua, 1);
}

int sha1_of_text(lua_State* lua) {
  auto hex = to_hex(sha1(text_at(lua, 1)));
  lua_pushlstring(lua, hex.data(), hex.size());
  return 1;
}

} // namespace

redis_scripts::redis_scripts(memory_redis& server) : server_(server) {
  open();
}

redis_scripts::~redis_scripts() {
  lua_close(lua_);
}

void redis_scripts::open() {
  lua_ = luaL_newstate();
  luaL_openlibs(lua_);
  // No JIT: each script is short, and compiling would cost more than it saves.
  luaJIT_setmode(lua_, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
  lua_gc(lua_, LUA_GCSETPAUSE, gc_pause);
  lua_createtable(lua_, 0, 12);
  lua_pushlightuserdata(lua_, this);
  lua_pushcclosure(lua_, &redis_scripts::call, 1);
  lua_setfield(lua_, -2, "call");
  lua_pushlightuserdata(lua_, this);
  lua_pushcclosure(lua_, &redis_scripts::pcall, 1);
  lua_setfield(lua_, -2, "pcall");
  lua_pushcfunction(lua_, &sha1_of_text);
  lua_setfield(lua_, -2, "sha1hex");
  lua_setglobal(lua_, "redis");
  if (luaL_loadstring(lua_, prelude) != 0 || lua_pcall(lua_, 0, 1, 0) != 0)
    throw std::logic_error(lua_tostring(lua_, -1));
  error_handler_ = luaL_ref(lua_, LUA_REGISTRYINDEX);
}

void redis_scripts::forget() {
  for (auto& [sha1, reference] : scripts_)
    luaL_unref(lua_, LUA_REGISTRYINDEX, reference);
  scripts_.clear();
}

std::string redis_scripts::add(std::string_view text, std::string& error) {
  auto hash = to_hex(sha1(text));
  if (knows(hash))
    return hash;
  if (luaL_loadbuffer(lua_, text.data(), text.size(), "@user_script") != 0) {
    error = "ERR Error compiling script (new function): "
            + std::string{text_at(lua_, -1)};
    lua_pop(lua_, 1);
    return {};
  }
  scripts_.emplace(hash, luaL_ref(lua_, LUA_REGISTRYINDEX));
  return hash;
}

void redis_scripts::push_words(const char* name, memory_redis::args words) {
  lua_pushstring(lua_, name);
  lua_createtable(lua_, static_cast<int>(words.size()), 0);
  for (size_t i = 0; i < words.size(); ++i) {
    lua_pushlstring(lua_, words[i].data(), words[i].size());
    lua_rawseti(lua_, -2, static_cast<int>(i + 1));
  }
  lua_rawset(lua_, LUA_GLOBALSINDEX);
}

bool redis_scripts::run(std::string_view sha1, memory_redis::args keys,
                        memory_redis::args argv, reply_writer& out) {
  auto script = scripts_.find(sha1);
  if (script == scripts_.end())
    return false;
  wrote_ = false;
  push_words("KEYS", keys);
  push_words("ARGV", argv);
  lua_rawgeti(lua_, LUA_REGISTRYINDEX, error_handler_);
  lua_rawgeti(lua_, LUA_REGISTRYINDEX, script->second);
  if (lua_pcall(lua_, 0, 1, -2) == 0) {
    write_value(lua_, out);
  } else {
    auto field = [this](const char* name) {
      lua_getfield(lua_, -1, name);
      std::string text{text_at(lua_, -1)};
      lua_pop(lua_, 1);
      return text;
    };
    auto text = field("err");
    auto source = field("source");
    auto line = field("line");
    if (!source.empty() && !line.empty())
      text += " script: " + script->first + ", on " + source + ":" + line + ".";
    lua_pop(lua_, 1);
    out.error(text);
  }
  lua_pop(lua_, 1);
  return true;
}

int redis_scripts::call(lua_State* lua) {
  return generic_call(lua, true);
}

int redis_scripts::pcall(lua_State* lua) {
  return generic_call(lua, false);
}

// No object with a destructor may be alive here when `lua_error` jumps away.
int redis_scripts::generic_call(lua_State* lua, bool raise) {
  auto& self
    = *static_cast<redis_scripts*>(lua_touserdata(lua, lua_upvalueindex(1)));
  auto& words = self.words_;
  auto& numbers = self.numbers_;
  size_t numbers_used = 0;
  auto count = lua_gettop(lua);
  lua_writer out{lua};
  std::string_view problem;
  if (count == 0)
    problem
      = "ERR Please specify at least one argument for this redis.call() call";
  else if (static_cast<size_t>(count) > words.size())
    problem = "ERR too many arguments for the Redis in memory";
  for (auto i = 0; i < count && problem.empty(); ++i) {
    auto type = lua_type(lua, i + 1);
    auto& word = words[static_cast<size_t>(i)];
    if (type == LUA_TSTRING) {
      word = text_at(lua, i + 1);
    } else if (type == LUA_TNUMBER && numbers_used == numbers.size()) {
      problem = "ERR too many numbers for the Redis in memory";
    } else if (type == LUA_TNUMBER) {
      word = write_double(lua_tonumber(lua, i + 1), numbers[numbers_used++]);
    } else {
      problem
        = "ERR Lua redis lib command arguments must be strings or integers";
    }
  }
  auto* what = problem.empty() ? self.server_.find_command(words[0]) : nullptr;
  auto size = static_cast<size_t>(count);
  if (problem.empty() && !what)
    problem = "ERR Unknown Redis command called from script";
  else if (what && !fits(what->arity, size))
    problem = "ERR Wrong number of args calling Redis command from script";
  else if (what && what->no_script)
    problem = "ERR This Redis command is not allowed from script";
  if (problem.empty()) {
    self.server_.dispatch(*what, memory_redis::args{words.data(), size}, out,
                          self.wrote_);
    self.wrote_ = self.wrote_ || (what->writes && !out.is_error());
  } else {
    out.error(problem);
  }
  if (out.is_error() && raise)
    return lua_error(lua);
  return 1;
}

} // namespace render::harness
