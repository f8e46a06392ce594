dofile("common.lua")
local list = post("list")('{"first":50}')

function request()
  return list
end
