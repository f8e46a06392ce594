dofile("common.lua")
local update = post("end")
local number = 0

function init(args)
  count = tonumber(args[1])
  math.randomseed(count)
end

function request()
  number = number + 1
  local id = operation_id(math.random(0, count - 1))
  return update('{"id":"' .. id .. '","context":"ended ' .. number .. '"}')
end

response = refuse_errors
