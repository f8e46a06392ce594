dofile("common.lua")
local get = post("get")

function init(args)
  count = tonumber(args[1])
  math.randomseed(count)
end

function request()
  return get('{"id":"' .. operation_id(math.random(0, count - 1)) .. '"}')
end
