import { Script } from './script.js';

/** Splits `meta` into run, era and generation; nothing of it holds for another run of the server. */
const readMeta = `
local function read_meta(run)
  local meta = redis.call('GET', KEYS[1])
  if not meta then return nil, nil end
  local its_run, era, generation = string.match(meta, '^(%S+) (%S+) (%S+)$')
  if its_run ~= run then return nil, nil end
  return era, generation
end
`;

/**
 * Max-write of many facts. KEYS: meta, told, feed, then the subjects' entries. ARGV: run, an id for an era that begins,
 * life in ms, then for each fact: the number of its subject among the keys, the subject's name, `w` or `s`, the watermark or
 * the session's id, and its time. Gives the era.
 *
 * First everything is read and decided, then everything is written, so that a server that takes no writes (no memory) refuses
 * all of it at once. It then lacks a fact, so it is whole no more: `DEL` is allowed without memory.
 */
export const raise = new Script(`${readMeta}
local run, new_era, life = ARGV[1], ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local until_time = string.format('%.0f', now + life)

local entries, order, news = {}, {}, {}
local function entry_of(index)
  local entry = entries[index]
  if entry then return entry end
  entry = { watermark = '0', at = '0', dead = {}, sids = {}, changed = false, left = 0 }
  local packed = redis.call('GET', KEYS[3 + index])
  if packed then
    entry.left = redis.call('PTTL', KEYS[3 + index])
    local watermark, at, rest = string.match(packed, '^(%S+) (%S+)(.*)$')
    entry.watermark, entry.at = watermark, at
    for time_to_go, sid in string.gmatch(rest, ' (%d+):(%S*)') do
      if tonumber(time_to_go) > now then
        entry.dead[sid] = time_to_go
        entry.sids[#entry.sids + 1] = sid
      else
        entry.changed = true
      end
    end
  end
  entries[index] = entry
  order[#order + 1] = index
  return entry
end

for i = 4, #ARGV, 5 do
  local index, name, kind, value, at = tonumber(ARGV[i]), ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  local entry = entry_of(index)
  if kind == 's' then
    local known = entry.dead[value]
    if not known then
      entry.sids[#entry.sids + 1] = value
      news[#news + 1] = { name, kind, value, at }
    end
    if not known or tonumber(known) < now + life then
      entry.dead[value] = until_time
      entry.changed = true
    end
  else
    local told, held = tonumber(value), tonumber(entry.watermark)
    if told > held or (told == held and tonumber(at) > tonumber(entry.at)) then
      entry.watermark, entry.at, entry.changed = value, at, true
      news[#news + 1] = { name, kind, value, at }
    end
  end
end

if #news > 0 then
  local told = redis.pcall('INCRBY', KEYS[2], #news)
  if type(told) == 'table' then
    redis.pcall('DEL', KEYS[1])
    return told
  end
  local number = told - #news
  for i = 1, #news do
    local fact = news[i]
    redis.call('XADD', KEYS[3], '*', 'n', string.format('%.0f', number + i), 'of', fact[1], fact[2], fact[3], 'at', fact[4])
  end
  redis.call('XTRIM', KEYS[3], 'MINID', '~', string.format('%.0f', math.max(0, now - life)))
end
for i = 1, #order do
  local key, entry = KEYS[3 + order[i]], entries[order[i]]
  if entry.changed then
    local parts = { entry.watermark, entry.at }
    for j = 1, #entry.sids do parts[#parts + 1] = entry.dead[entry.sids[j]] .. ':' .. entry.sids[j] end
    redis.call('SET', key, table.concat(parts, ' '), 'PX', string.format('%.0f', math.max(entry.left, life)))
  elseif entry.left < life then
    redis.call('PEXPIRE', key, life)
  end
end

local era = read_meta(run)
if not era then
  era = new_era
  redis.call('SET', KEYS[1], run .. ' ' .. era .. ' -')
end
return era
`);

/**
 * Declares the set whole. KEYS: meta, positions. ARGV: run, the era in which it was filled (empty when nothing was told yet), an
 * id for an era that begins, the generation, then partitions and positions in turn. Gives the era, or nothing when the set
 * is of another one: what was raised before is gone.
 */
export const declareWhole = new Script(`${readMeta}
local run, filled_in, new_era, generation = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local era = read_meta(run)
if filled_in ~= '' and era ~= filled_in then return false end
era = era or new_era
redis.call('SET', KEYS[1], run .. ' ' .. era .. ' ' .. generation)
redis.call('DEL', KEYS[2])
for i = 5, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
return era
`);

/** KEYS: meta, positions. ARGV: run, generation, then partitions and positions in turn. Gives 0 when the set is another. */
export const advance = new Script(`${readMeta}
local era, generation = read_meta(ARGV[1])
if generation ~= ARGV[2] then return 0 end
for i = 3, #ARGV, 2 do
  local held = tonumber(redis.call('HGET', KEYS[2], ARGV[i]) or '-1')
  if tonumber(ARGV[i + 1]) > held then redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
end
return 1
`);
