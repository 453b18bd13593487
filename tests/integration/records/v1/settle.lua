
local function entry()
  local e = redis.call('HMGET', KEYS[5], 'id', 'url', 'body', 'attempts',
                       'created_ms')
  if e[1] and redis.call('ZSCORE', KEYS[4], ARGV[2]) then return {1, e} end
  return {1, {}}
end
local worker, id, status, fence = ARGV[1], ARGV[2], ARGV[4], ARGV[15]
local signature = worker .. ' ' .. fence
local r = redis.pcall('HMGET', KEYS[1], 'status', 'locked_by', 'settled_by',
                      'fence')
local missing = not r.err and redis.call('EXISTS', KEYS[1]) == 0
if not r.err and not missing and r[3] == signature then
  redis.call('SREM', KEYS[3], id)
  return entry()
end
if r.err or missing and ARGV[9] ~= '1'
   or not missing and (r[1] ~= 'running' or r[2] ~= worker
                       or r[4] ~= fence) then
  -- The lease may be another owner's by now; ours has run out.
  if r.err or missing or r[1] ~= 'running' then
    redis.call('ZREM', KEYS[6], id)
  end
  if r.err or r[2] ~= worker or r[1] ~= 'running' then
    redis.call('SREM', KEYS[3], id)
  end
  return {0, {}}
end
local set = {'HSET', KEYS[1], 'status', status, 'finished_at', ARGV[3],
             'settled_by', signature}
local function put(name, value)
  table.insert(set, name)
  table.insert(set, value)
end
if missing then put('id', id) end
if status == 'failed' then put('error', ARGV[5]) else put('progress', 1) end
if ARGV[6] ~= '' or ARGV[8] == '1' then put('result', ARGV[6]) end
if ARGV[7] ~= '' then put('result_url', ARGV[7]) end
redis.call(unpack(set))
if missing then redis.call('EXPIRE', KEYS[1], ARGV[10]) end
if status == 'success' then redis.call('HDEL', KEYS[1], 'error') end
redis.call('HDEL', KEYS[1], 'stage', 'remote')
redis.call('DEL', KEYS[2])
redis.call('SREM', KEYS[3], id)
redis.call('ZREM', KEYS[6], id)
if ARGV[11] ~= '' then
  redis.call('HSET', KEYS[5], 'id', 'msg_' .. id, 'url', ARGV[11],
             'body', ARGV[12], 'attempts', 0, 'created_ms', ARGV[13])
  redis.call('HDEL', KEYS[5], 'error')
  redis.call('ZADD', KEYS[4], ARGV[14], id)
  return entry()
end
return {1, {}}
