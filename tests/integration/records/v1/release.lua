
local function put_back(id, worker, queue, running, leases, fence)
  local key = 'job:' .. id
  redis.call('SREM', running, id)
  local r = redis.pcall('HMGET', key, 'status', 'locked_by', 'attempt', 'fence')
  if r.err then return 0 end
  if r[1] ~= 'running' or r[2] ~= worker then return 0 end
  if fence and r[4] ~= fence then return 0 end
  redis.call('ZREM', leases, id)
  redis.call('HSET', key, 'status', 'queued')
  redis.call('HDEL', key, 'locked_by', 'locked_at', 'started_at', 'stage',
             'progress', 'progress_at')
  local attempt = math.floor(tonumber(r[3]) or 1) - 1
  if attempt > 0 then
    redis.call('HSET', key, 'attempt', attempt)
  else
    redis.call('HDEL', key, 'attempt')
  end
  -- Given back by its owner, who will not write any more: not so when a lease
  -- has run out.
  redis.call('HINCRBY', key, 'fence', -1)
  redis.call('DEL', key .. ':lock')
  redis.call('LPUSH', queue, id)
  return 1
end

return put_back(ARGV[2], ARGV[1], KEYS[1], KEYS[4], KEYS[5], ARGV[3])
