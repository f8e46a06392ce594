dofile("common.lua")
local get = post("get")
local list = post("list")('{"first":50}')
local update = post("update")
local number = 0

-- 90 % get, 8 % list, 2 % update.
function request()
  local choice = math.random(100)
  if choice <= 8 then
    return list
  end
  local id = random_id()
  if choice <= 98 then
    return get('{"id":"' .. id .. '"}')
  end
  number = number + 1
  return update('{"id":"' .. id .. '","context":"changed ' .. number .. '"}')
end

response = fail_on_error
