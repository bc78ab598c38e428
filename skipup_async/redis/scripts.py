"""What runs inside the server: two small scripts over one sorted set."""

__all__ = ["SETTLE", "TAKE"]

# One sorted set holds everything, its scores in microseconds of the server's clock:
#   below 0        what is known of the limit, negated: when the `gate` opens, until when calls are `paced`, ...
#   from 0         permits on their way back, by the time they are back
#   from FLYING    permits in use or promised, by the time they are taken for lost
_COMMON = """
local key, ticket, per, attempt, FLYING = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), 4e15
local clock = redis.call('TIME')
local now = clock[1] * 1e6 + clock[2]
local function get(name) return -(tonumber(redis.call('ZSCORE', key, name)) or 0) end
local function set(name, at) redis.call('ZADD', key, string.format('%.0f', -at), name) end
local function put(name, at) redis.call('ZADD', key, string.format('%.0f', at), name) end
local function start_of(score) return score - FLYING - attempt - per end
local function give_back()
    local mine = redis.call('ZSCORE', key, ticket)
    if not mine then return end
    redis.call('ZREM', key, ticket)
    -- Until its start a permit is only promised: the call before it may still count.
    local start = start_of(mine)
    if start <= now then return end
    put('back:' .. ticket .. mine, start)
    if redis.call('ZCOUNT', key, '(' .. mine, '+inf') == 0 then set('next', start) end
end
local function keep()
    local last = math.max(now + attempt + 2 * per, get('gate'), get('paced'))
    redis.call('PEXPIRE', key, math.ceil((last - now) / 1e3))
end
"""
TAKE = (
    _COMMON
    + """
local rate, epoch = tonumber(ARGV[4]), ARGV[5]
local paced, crowded, release = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
redis.call('ZREMRANGEBYSCORE', key, 0, string.format('%.0f', now))
redis.call('ZREMRANGEBYSCORE', key, FLYING, string.format('%.0f', FLYING + now))
local known = redis.call('ZRANGEBYSCORE', key, -1, -1)[1]
if not known then
    known = 'epoch:' .. string.format('%.0f', now) .. ticket
    set(known, 1)
end
if epoch ~= '' and epoch ~= known and get('quiet') == 0 then set('quiet', now + per) end

local free = rate - redis.call('ZCOUNT', key, 0, '+inf')
local opens = math.max(get('gate'), get('quiet'))
local trial, probe = get('trial') > now, 0
local spacing = per / rate * (get('crowded') > now and crowded or paced)
local function wait(time)
    keep()
    local left = rate - redis.call('ZCOUNT', key, 0, '+inf')
    return {math.ceil(time), known, probe, math.max(left, 0), math.max(0, math.ceil(opens - now))}
end
if now < opens then return wait(opens - now) end
if trial and get('probe') > now then return wait(math.min(spacing, get('probe') - now)) end

local mine = redis.call('ZSCORE', key, ticket)
local start = mine and start_of(mine) or now
if start > now and free > 0 and get('paced') <= now then -- one came back that was never sent
    give_back()
    mine, start = nil, now
end
if not mine then
    local gap = get('paced') > now and spacing or 0
    if free <= 0 then
        local back = redis.call('ZRANGEBYSCORE', key, 0, '(4e15', 'WITHSCORES', 'LIMIT', 0, 1)
        if not back[1] then return wait(per) end
        redis.call('ZREM', key, back[1])
        start, gap = tonumber(back[2]), math.max(gap, per / rate / release)
    end
    if gap > 0 then
        start = math.max(start, get('next'))
        set('next', start + gap)
    end
    put(ticket, FLYING + start + attempt + per)
end
if start > now then return wait(start - now) end
put(ticket, FLYING + now + attempt + per)
if trial then
    probe = now + attempt
    set('probe', probe)
end
return wait(0)
"""
)
SETTLE = (
    _COMMON
    + """
local sent, probe, passed = ARGV[4] == '1', tonumber(ARGV[5]), ARGV[6] == '1'
local shut, refused = tonumber(ARGV[7]), ARGV[8] == '1'
if sent then
    redis.call('ZREM', key, ticket)
    put('back:' .. ticket, now + per)
elseif ticket ~= '' then
    give_back()
end
if probe > 0 and get('probe') == probe then
    redis.call('ZREM', key, 'probe')
    if passed then redis.call('ZREM', key, 'trial') end
end
if shut > 0 then
    local opens = math.max(get('gate'), now + shut)
    if refused then
        if get('trial') <= now and get('paced') > now then set('crowded', opens + 2 * per) end
        set('paced', opens + 2 * per)
        set('trial', opens + 2 * per)
        redis.call('ZREM', key, 'probe')
    end
    set('gate', opens)
end
keep()
"""
)
