dofile("common.lua")
local list = post("list_four")('{"first":50}')

function request()
  return list
end
