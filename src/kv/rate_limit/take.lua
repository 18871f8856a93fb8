-- Quota::take of window.rs, on a hash of the fields i, c and p; answers whether, then what is used.
local now, length, limit, points = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local index, into = math.floor(now / length), now % length
local stored = redis.call('HMGET', KEYS[1], 'i', 'c', 'p')
local current, previous = 0, 0
if stored[1] then
  local last = tonumber(stored[1])
  current, previous = tonumber(stored[2]), tonumber(stored[3])
  if last > index + 1 then
    current, previous = 0, 0
  elseif last == index + 1 then
    index, into = last, 0
  elseif last < index then
    previous = (last + 1 == index) and current or 0
    current = 0
  end
end
local spent = current + math.floor(previous * (length - into) / length)
local allowed = 0
if spent + points <= limit then
  allowed = 1
  current = current + points
  redis.call('HSET', KEYS[1], 'i', index, 'c', current, 'p', previous)
  redis.call('PEXPIRE', KEYS[1], 2 * length)
end
return { allowed, index, current, previous }
