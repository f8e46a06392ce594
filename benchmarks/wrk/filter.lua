dofile("common.lua")
local filter = post("filter")

function init(args)
  hosts = tonumber(args[1]) / 100
  math.randomseed(hosts)
end

function request()
  local host = host_id(math.random(0, hosts - 1))
  return filter('{"first":50,"status":"Completed","user":"' .. host .. '"}')
end
