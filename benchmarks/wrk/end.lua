dofile("common.lua")
local update = post("end")
local number = 0

function request()
  number = number + 1
  local id = random_id()
  return update('{"id":"' .. id .. '","context":"ended ' .. number .. '"}')
end

response = fail_on_error
