
if redis.replicate_commands then redis.replicate_commands() end
local clock = redis.call('TIME')
local clock_ms = clock[1] * 1000 + math.floor(clock[2] / 1000)

local back = {}
local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', clock_ms, 'LIMIT', 0,
                       ARGV[1])
for _, id in ipairs(due) do
  local key = 'job:' .. id
  local r = redis.pcall('HMGET', key, 'status', 'locked_by', 'attempt',
                        'history')
  if not r.err and r[1] == 'running' and r[2] and r[2] ~= '' then
    local attempt = r[3] or '1'
    local text = ARGV[3] .. r[2]
    if r[4] and r[4] ~= '' then text = r[4] .. '\n' .. text end
    redis.call('HSET', key, 'status', 'queued', 'history', text)
    redis.call('HDEL', key, 'locked_by', 'locked_at', 'started_at', 'stage',
               'progress', 'progress_at')
    redis.call('DEL', key .. ':lock')
    redis.call('LPUSH', KEYS[1], id)
    redis.call('SREM', ARGV[2] .. r[2], id)
    table.insert(back, {id, r[2], attempt})
  end
  redis.call('ZREM', KEYS[2], id)
end
return back
