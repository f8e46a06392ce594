dofile("common.lua")
local get = post("get")

function request()
  return get('{"id":"' .. random_id() .. '"}')
end
