
local out = {}
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0,
                       ARGV[3])
for _, id in ipairs(due) do
  local e = redis.call('HMGET', ARGV[4] .. id, 'id', 'url', 'body',
                       'attempts', 'created_ms')
  if e[1] and e[2] and e[3] then
    redis.call('ZADD', KEYS[1], ARGV[2], id)
    table.insert(out, {id, e[1], e[2], e[3], e[4], e[5]})
  else
    redis.call('ZREM', KEYS[1], id)
  end
end
return out
